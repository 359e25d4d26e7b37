// SPDX-License-Identifier: LGPL-2.1-or-later
// Store and forward. A thread of its own takes bytes from the predecessor into a ring and passes them on from
// there at once, so that the chain behind does not wait for our disk; our own reader is one more taker of the
// ring. When the slowest of them is a whole ring behind, the predecessor is made to wait: that is all the
// memory there is, and a worker has no disk of its own to put more on.
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

class Relay {
public:
    // From here on the ring is built and the predecessor hears that we are ready.
    Relay(const plugin::Host& host, const Settings& settings, Predecessor predecessor,
          std::vector<Successor> successors);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // The next bytes, or 0 at the end. Throws plugin::Failure.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, Waiter& waiter);
    // Known from the moment at which the server tells it, which in dolly is after the last byte.
    [[nodiscard]] std::optional<std::uint64_t> total() const;
    // Our bytes are safe: waits for the nodes behind, then tells the predecessor. Where they fail it is told
    // nothing, which is how dolly says so; our own bytes are no worse for it.
    void acknowledge(Waiter& waiter);

private:
    static constexpr std::size_t totalSize =
        sizeof(std::uint64_t); // in the machines' byte order, as dolly has it

    struct Child {
        Successor link;
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
    void settle(); // what the reader may know by now

    const plugin::Host& host_;
    const Settings& settings_;
    Predecessor predecessor_;
    std::vector<Child> children_; // the thread's, but for `sent`
    Stripes stripes_;
    Ring ring_;
    Event wake_; // the thread: there is room, or an end
    Event news_; // the reader: there are bytes, or an end

    mutable std::mutex mutex_; // guards what follows
    std::uint64_t received_ = 0;
    std::uint64_t consumed_ = 0;
    std::optional<std::uint64_t> total_;
    std::optional<plugin::Failure> failure_;
    std::optional<plugin::Failure> newsOfChildren_; // why there will be no acknowledgement
    bool childrenDone_ = false;

    std::string upward_;      // lines of the nodes behind, on their way to the server
    std::string totalOctets_; // of the total, as far as they came
    bool started_ = false;    // the server has begun: what comes back now are acknowledgements
    bool predecessorGone_ = false;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace bootferry::dolly
