// SPDX-License-Identifier: LGPL-2.1-or-later
// The relay's side towards the nodes behind: sends them the bytes and reads their answers, which are lines
// until the server begins to send, and eight octets afterwards.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "relay.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::size_t mostUpward = 64 * std::size_t{1024};
constexpr std::size_t longestNodeLine = 4096;

} // namespace

void Relay::passTotal(Child& child) {
    if (!total_ || child.totalSent || child.lost) {
        return;
    }
    // Eight octets always fit on a nearly idle connection, unless the node is gone.
    child.totalSent = true;
    if (::send(child.link.control().get(), &*total_, totalSize, MSG_NOSIGNAL) != totalSize) {
        lose(child, "closed the connection", errno);
    }
}

void Relay::passOn(Child& child) {
    while (!child.lost && child.sent < received_) {
        const auto end = std::min(received_, stripes_.blockEnd(child.sent));
        const auto piece = ring_.piece(child.sent, end);
        const auto& socket = child.link.data(stripes_.connectionAt(child.sent));
        const auto count = ::send(socket.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (!wouldBlock()) {
                lose(child, "closed the connection after " + bytesOf(child.sent), errno);
            }
            return;
        }
        const std::lock_guard lock(mutex_);
        child.sent += static_cast<std::uint64_t>(count);
    }
}

void Relay::takeBackflow(Child& child) {
    while (!child.lost && !child.acknowledged) {
        char octets[1024];
        const auto wanted =
            started_ ? std::min(sizeof octets, totalSize - child.backflow.size()) : sizeof octets;
        const auto count = ::recv(child.link.control().get(), octets, wanted, 0);
        if (count < 0 && wouldBlock()) {
            return;
        }
        if (count <= 0) {
            lose(child, "closed the connection after " + bytesOf(child.sent), count < 0 ? errno : 0);
            return;
        }
        child.backflow.append(octets, static_cast<std::size_t>(count));
        if (started_) {
            std::uint64_t acknowledged = 0;
            if (child.backflow.size() < totalSize) {
                continue;
            }
            std::memcpy(&acknowledged, child.backflow.data(), totalSize);
            if (acknowledged != total_) {
                lose(child, "acknowledges " + bytesOf(acknowledged), 0);
                return;
            }
            child.acknowledged = true;
            return;
        }
        // Only whole lines: the server searches the result of each single read for a word.
        const auto end = child.backflow.rfind('\n');
        if (end != std::string::npos) {
            upward_ += child.backflow.substr(0, end + 1);
            child.backflow.erase(0, end + 1);
        }
        if (upward_.size() > mostUpward || child.backflow.size() > longestNodeLine) {
            lose(child, "sent an invalid line", 0);
        }
    }
}

// Until this node has the whole image, a broken chain is a failure: the server must start over with the whole
// image. Afterwards it only costs the acknowledgement.
void Relay::lose(Child& child, const std::string& how, int errnoValue) {
    Failure failure(BOOTFERRY_ERROR_UNREACHABLE, "the next node, " + child.link.name() + ", " + how,
                    errnoValue);
    if (!complete()) {
        throw failure;
    }
    const std::lock_guard lock(mutex_);
    child.lost = true;
    childFailure_ = std::move(failure);
}

void Relay::publishAcknowledgements() {
    const std::lock_guard lock(mutex_);
    const bool done = std::all_of(children_.begin(), children_.end(),
                                  [](const Child& child) { return child.lost || child.acknowledged; });
    if (done != childrenDone_ || childFailure_) {
        childrenDone_ = done;
        readerWake_.raise();
    }
}

} // namespace bootferry::dolly
