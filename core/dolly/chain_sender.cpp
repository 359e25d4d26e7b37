// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes are sent in the byte order of the machine, as in dolly.
#include "chain_sender.h"

#include <algorithm>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry::dolly {
namespace {

constexpr std::size_t blockSize = 256 * std::size_t{1024};
constexpr std::size_t longestBacklog = 64 * std::size_t{1024};
constexpr const char* beforeReady =
    "before the chain was ready: a node may have another password, may not be in the list of hosts, may not "
    "reach the next node, or may speak another generation; see its own messages";

std::string sizeOctets(std::uint64_t size) {
    return {reinterpret_cast<const char*>(&size), sizeof size};
}

} // namespace

ChainSender::ChainSender(Chain chain, Ports ports, NodeLink::Patience patience, ChainListener& listener)
    : chain_(std::move(chain)), ports_(ports), patience_(patience), listener_(listener) {
    check(chain_);
    const auto children = std::min<std::size_t>(chain_.tab.fanout, chain_.tab.hosts.size());
    for (std::size_t i = 0; i < children; ++i) {
        const auto& host = chain_.tab.hosts[i];
        children_.emplace_back(host, fmt::format("'{}'", host), patience_);
    }
}

void ChainSender::send(SourceImage& image) {
    try {
        sendThrough(image);
    } catch (const plugin::Failure& failure) {
        throw Error(errorCodeFromNumber(failure.code()).value_or(ErrorCode::Internal), failure.errnoValue(),
                    failure.what());
    }
}

void ChainSender::sendThrough(SourceImage& image) {
    progress_.total = image.size();
    for (auto& node : children_) {
        connect(node);
    }
    for (auto& node : children_) {
        greet(node);
    }
    awaitReadiness();
    sendBytes(image);
    awaitAcknowledgements(image.size());
}

void ChainSender::connect(NodeLink& node) {
    node.connect({node.name()}, ports_, resolver_, waiter_, [&](const NodeLink::FailedTry& failed) {
        if (failed.resolution.endpoints.empty()) {
            throw Error(ErrorCode::Unreachable,
                        fmt::format("'{}' does not resolve: {}", node.name(), failed.resolution.errorText()));
        }
        if (patience_ && Waiter::Clock::now() - failed.began >= *patience_) {
            throw Error(ErrorCode::Unreachable, failed.error,
                        fmt::format("'{}', port {}", node.name(), failed.port));
        }
        report(TransferState::Waiting, fmt::format("waiting for {} (port {}: {})", node.name(), failed.port,
                                                   errnoText(failed.error)));
    });
}

void ChainSender::greet(NodeLink& node) {
    if (!node.greet(chain_.generation, chain_.password, composeDollytab(chain_.tab, chain_.generation),
                    waiter_)) {
        throw Error(ErrorCode::Auth, fmt::format("'{}' has another password", node.name()));
    }
}

void ChainSender::awaitReadiness() {
    report(TransferState::Connecting, "waiting until all nodes are ready");
    std::vector<std::string> received(children_.size());
    for (std::size_t ready = 0; ready < chain_.tab.hosts.size();) {
        std::vector<pollfd> fds;
        for (const auto& node : children_) {
            fds.push_back({.fd = node.control().get(), .events = POLLIN, .revents = 0});
        }
        const auto until = patience_ ? Waiter::Clock::now() + *patience_ : Waiter::forever;
        if (waiter_.wait(fds, until) == 0) {
            throw Error(ErrorCode::Timeout,
                        fmt::format("only {} of {} nodes are ready", ready, chain_.tab.hosts.size()));
        }
        for (std::size_t i = 0; i < children_.size(); ++i) {
            received[i] += children_[i].receiveArrived(beforeReady);
            takeLines(received[i], ready);
        }
    }
}

void ChainSender::takeLines(std::string& received, std::size_t& ready) {
    for (auto end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
        const auto line = parseNodeLine(std::string_view(received).substr(0, end));
        received.erase(0, end + 1);
        if (line) {
            ready += line->ready ? 1 : 0;
            listener_.heardFrom(*line);
        }
    }
    if (received.size() > longestBacklog) {
        throw Error(ErrorCode::Protocol, "the peer is not a dolly node: its line does not end");
    }
}

void ChainSender::sendBytes(SourceImage& image) {
    report(TransferState::Transferring, {});
    std::vector<std::byte> block(blockSize);
    for (auto bytes = image.read(block); !bytes.empty(); bytes = image.read(block)) {
        for (auto& node : children_) {
            node.sendData(bytes, waiter_);
        }
        progress_.bytes += bytes.size();
        listener_.progressed(progress_);
    }
    for (auto& node : children_) {
        node.sendControl(sizeOctets(image.size()), waiter_);
        node.endData();
    }
}

void ChainSender::awaitAcknowledgements(std::uint64_t size) {
    report(TransferState::Verifying, "waiting until all nodes have written the image");
    for (auto& node : children_) {
        const auto octets = node.receive(totalSize,
                                         "without acknowledging the image: it failed, or a node behind it; "
                                         "see their own messages",
                                         waiter_);
        std::uint64_t acknowledged = 0;
        std::memcpy(&acknowledged, octets.data(), sizeof acknowledged);
        if (acknowledged != size) {
            throw Error(ErrorCode::Protocol, fmt::format("'{}' acknowledges {} bytes, but {} were sent",
                                                         node.name(), acknowledged, size));
        }
    }
}

void ChainSender::report(TransferState state, std::string detail) {
    progress_.state = state;
    progress_.detail = std::move(detail);
    listener_.progressed(progress_);
}

} // namespace bootferry::dolly
