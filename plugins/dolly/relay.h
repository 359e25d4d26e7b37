// SPDX-License-Identifier: LGPL-2.1-or-later
// Store and forward. A thread receives bytes from the predecessor into a ring buffer and sends them on at
// once, so that the next nodes do not wait for this machine's disk; the local reader is one more consumer of
// the ring. When the slowest consumer is a whole ring behind, receiving stops and the predecessor waits, so
// that memory is bounded.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "event.h"
#include "reception.h"
#include "ring.h"
#include "successor.h"

namespace bootferry::dolly {

using plugin::Event;

class Relay {
public:
    // Reports to the predecessor that this node is ready.
    Relay(const plugin::Host& host, const Settings& settings, Predecessor predecessor,
          std::vector<NodeLink> successors);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // The next bytes, or 0 at the end. Throws plugin::Failure.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, Waiter& waiter);
    // nullopt until the server has sent it, which dolly does after the last byte.
    [[nodiscard]] std::optional<std::uint64_t> total() const;
    // Call when the local image is written: waits for the nodes behind, then acknowledges to the predecessor.
    // If a node behind failed, sends no acknowledgement, as dolly does; the local image is not affected.
    void acknowledge(Waiter& waiter);

private:
    struct Child {
        NodeLink link;
        std::uint64_t sent = 0;
        std::string backflow; // the beginning of a line, or of the acknowledgement
        bool acknowledged = false;
        bool lost = false;
        bool totalSent = false;
    };

    [[nodiscard]] static std::string bytesOf(std::uint64_t bytes);
    void run() noexcept;
    void loop();
    [[nodiscard]] std::vector<pollfd> interests();
    void takeControl();
    void takeTotal(std::uint64_t total);
    void refuseSurplus(std::uint64_t total) const;
    void takeData();
    void passOn(Child& child);
    void passTotal(Child& child);
    void takeBackflow(Child& child);
    void sendUp();
    void lose(Child& child, const std::string& how, int errnoValue);
    [[nodiscard]] std::uint64_t slowest() const; // call with the lock held
    [[nodiscard]] bool complete() const { return total_ && received_ == *total_; }
    void publishAcknowledgements(); // wakes the reader

    const plugin::Host& host_;
    const Settings& settings_;
    Predecessor predecessor_;
    std::vector<Child> children_; // used by the thread only, except `sent`
    Stripes stripes_;
    Ring ring_;
    Event threadWake_; // room in the ring, or the end
    Event readerWake_; // bytes in the ring, or the end

    mutable std::mutex mutex_; // guards the members below, up to childrenDone_
    std::uint64_t received_ = 0;
    std::uint64_t consumed_ = 0;
    std::optional<std::uint64_t> total_;
    std::optional<plugin::Failure> failure_;
    std::optional<plugin::Failure> childFailure_; // why no acknowledgement will be sent
    bool childrenDone_ = false;

    std::string upward_;      // lines of the nodes behind, to be forwarded to the server
    std::string totalOctets_; // the octets of the total received so far
    bool started_ = false;    // the server sends: the nodes behind answer with acknowledgements, not lines
    bool predecessorGone_ = false;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace bootferry::dolly
