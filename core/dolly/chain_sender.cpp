// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes cross the wire in the byte order of the machines, as dolly has it.
#include "chain_sender.h"

#include <algorithm>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

using namespace std::string_view_literals;

namespace bootferry::dolly {
namespace {

constexpr std::size_t blockSize = 256 * std::size_t{1024};
constexpr std::size_t longestBacklog = 64 * std::size_t{1024};
constexpr const char* beforeReady =
    "before the chain was ready: a node may want another password, not find itself in the list of hosts, not "
    "reach the one behind it, or speak another generation; its own messages say which";

std::string sizeOctets(std::uint64_t size) {
    return {reinterpret_cast<const char*>(&size), sizeof size};
}

} // namespace

ChainSender::ChainSender(Chain chain, Ports ports, NodeLink::Patience patience, ChainListener& listener)
    : chain_(std::move(chain)), ports_(ports), patience_(patience), listener_(listener) {
    check(chain_);
    const auto children = std::min<std::size_t>(chain_.fanout, chain_.hosts.size());
    for (std::size_t i = 0; i < children; ++i) {
        children_.emplace_back(chain_.hosts[i], patience_);
    }
}

void ChainSender::send(SourceImage& image) {
    progress_.total = image.size();
    connect();
    const auto tab = dollytab(chain_);
    for (auto& node : children_) {
        greet(node, tab);
    }
    awaitReadiness();
    sendBytes(image);
    awaitAcknowledgements(image.size());
}

void ChainSender::connect() {
    for (auto& node : children_) {
        node.connect(ports_,
                     [this](const std::string& why) { tell(TransferState::Waiting, "waiting for " + why); });
    }
}

void ChainSender::greet(NodeLink& node, const std::string& tab) {
    if (chain_.generation == Generation::Classic) {
        node.sendControl(tab);
        return;
    }
    node.sendControl(std::string(1, chain_.password ? '\1' : '\0'));
    if (chain_.password) {
        challenge(node);
    }
    const std::string notDirectories(sizeof(std::uint32_t), '\0');
    node.sendControl(notDirectories + tab);
}

void ChainSender::challenge(NodeLink& node) {
    const auto nonce = randomNonce();
    node.sendControl({nonce.data(), nonce.size()});
    const auto answer = node.receive(
        digestSize, "when it was asked for the password: it has none, or speaks the classic generation");
    const auto expected = passwordProof(*chain_.password, nonce);
    if (!std::equal(answer.begin(), answer.end(), expected.begin())) {
        node.sendControl("AUTH_FAILED:" + node.name() + std::string(1, '\0'));
        throw Error(ErrorCode::Auth, fmt::format("'{}' has another password", node.name()));
    }
    node.sendControl("OK\0"sv);
    // dolly takes the verdict with one read of up to 270 octets and throws away what came along with it.
    node.leaveGap();
}

void ChainSender::awaitReadiness() {
    tell(TransferState::Connecting, "waiting until all nodes are ready");
    std::vector<std::string> heard(children_.size());
    for (std::size_t ready = 0; ready < chain_.hosts.size();) {
        std::vector<pollfd> fds;
        for (const auto& node : children_) {
            fds.push_back({.fd = node.controlFd(), .events = POLLIN, .revents = 0});
        }
        if (!awaitAny(fds, patience_)) {
            throw Error(ErrorCode::Timeout,
                        fmt::format("only {} of {} nodes are ready", ready, chain_.hosts.size()));
        }
        for (std::size_t i = 0; i < children_.size(); ++i) {
            heard[i] += children_[i].receiveSome(beforeReady);
            take(heard[i], ready);
        }
    }
}

void ChainSender::take(std::string& heard, std::size_t& ready) {
    for (auto end = heard.find('\n'); end != std::string::npos; end = heard.find('\n')) {
        const auto line = parseNodeLine(std::string_view(heard).substr(0, end));
        heard.erase(0, end + 1);
        if (line) {
            ready += line->ready ? 1 : 0;
            listener_.heardFrom(*line);
        }
    }
    if (heard.size() > longestBacklog) {
        throw Error(ErrorCode::Protocol, "what answers is no dolly node: its line does not end");
    }
}

void ChainSender::sendBytes(SourceImage& image) {
    tell(TransferState::Transferring, {});
    std::vector<std::byte> block(blockSize);
    for (auto bytes = image.read(block); !bytes.empty(); bytes = image.read(block)) {
        for (auto& node : children_) {
            node.sendData(bytes);
        }
        progress_.bytes += bytes.size();
        listener_.progressed(progress_);
    }
    for (auto& node : children_) {
        node.sendControl(sizeOctets(image.size()));
        node.endData();
    }
}

void ChainSender::awaitAcknowledgements(std::uint64_t size) {
    tell(TransferState::Verifying, "waiting until all nodes have written it");
    for (auto& node : children_) {
        const auto octets =
            node.receive(sizeof size, "without acknowledging the image: it, or a node behind it, "
                                      "failed; their own messages say which");
        std::uint64_t acknowledged = 0;
        std::memcpy(&acknowledged, octets.data(), sizeof acknowledged);
        if (acknowledged != size) {
            throw Error(ErrorCode::Protocol, fmt::format("'{}' acknowledges {} bytes, and {} were sent",
                                                         node.name(), acknowledged, size));
        }
    }
}

void ChainSender::tell(TransferState state, std::string detail) {
    progress_.state = state;
    progress_.detail = std::move(detail);
    listener_.progressed(progress_);
}

} // namespace bootferry::dolly
