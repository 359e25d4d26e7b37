// SPDX-License-Identifier: LGPL-2.1-or-later
// Store and forward. A thread receives bytes from the predecessor into a ring buffer and sends them on at
// once, so that the next nodes do not wait for this machine's disk; the local reader is one more consumer of
// the ring. When the slowest consumer is a whole ring behind, receiving stops and the predecessor waits: the
// worker has no place for more.
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
    // Tells the predecessor that we are ready.
    Relay(const plugin::Host& host, const Settings& settings, Predecessor predecessor,
          std::vector<NodeLink> successors);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // The next bytes, or 0 at the end. Throws plugin::Failure.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, Waiter& waiter);
    // Known once the server has sent it, which in dolly is after the last byte.
    [[nodiscard]] std::optional<std::uint64_t> total() const;
    // Our bytes are safe: waits for the nodes behind, then acknowledges to the predecessor. Where they fail,
    // nothing is acknowledged, which is how dolly reports it; our own bytes are no worse for it.
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
    [[nodiscard]] std::uint64_t slowest() const; // under the lock
    [[nodiscard]] bool complete() const { return total_ && received_ == *total_; }
    void publishAcknowledgements(); // to the reader

    const plugin::Host& host_;
    const Settings& settings_;
    Predecessor predecessor_;
    std::vector<Child> children_; // the thread's, but for `sent`
    Stripes stripes_;
    Ring ring_;
    Event threadWake_; // there is room, or an end
    Event readerWake_; // there are bytes, or an end

    mutable std::mutex mutex_; // guards what follows
    std::uint64_t received_ = 0;
    std::uint64_t consumed_ = 0;
    std::optional<std::uint64_t> total_;
    std::optional<plugin::Failure> failure_;
    std::optional<plugin::Failure> childFailure_; // why there will be no acknowledgement
    bool childrenDone_ = false;

    std::string upward_;      // lines of the nodes behind, on their way to the server
    std::string totalOctets_; // of the total, as far as they came
    bool started_ = false;    // the server has begun: what comes back now are acknowledgements
    bool predecessorGone_ = false;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace bootferry::dolly
