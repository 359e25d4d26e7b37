// SPDX-License-Identifier: LGPL-2.1-or-later
// Which call into the plugin is running, and how long each took, in memory that the check's process shares
// with the tool: when the process dies or its time is up, the tool can tell the plugin's fault from its own
// and from a slow machine.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace bootferry {

class CallRecord {
public:
    using Clock = std::chrono::steady_clock;

    CallRecord();
    CallRecord(const CallRecord&) = delete;
    CallRecord& operator=(const CallRecord&) = delete;
    ~CallRecord();

    // name: a literal, which lies at the same place in both processes.
    void begin(const char* name);
    void end();

    struct Running {
        std::string name;
        Clock::duration since;
    };
    [[nodiscard]] std::optional<Running> running() const;

    // Of all calls of one name, those that took the longest together.
    struct Spent {
        std::string name;
        std::uint64_t calls;
        Clock::duration time;
    };
    [[nodiscard]] std::optional<Spent> longest() const;

    // A fault of a call whose caller can throw nothing; the first one is kept. Only in the check's process.
    void noteFault(const std::string& fault);
    [[nodiscard]] std::optional<std::string> takeFault();

    // Why the process crashed, a literal: see explainCrashes().
    [[nodiscard]] std::atomic<const char*>& crashReason() { return shared_->crashReason; }
    [[nodiscard]] const char* crashReason() const { return shared_->crashReason; }

private:
    struct Total {
        std::atomic<const char*> name;
        std::atomic<std::uint64_t> calls;
        std::atomic<Clock::rep> time;
    };
    struct Shared {
        std::atomic<const char*> name;
        std::atomic<Clock::rep> begun;
        std::atomic<const char*> crashReason;
        std::array<Total, 16> totals; // more than there are functions
    };
    static_assert(std::atomic<const char*>::is_always_lock_free &&
                  std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<Clock::rep>::is_always_lock_free);
    Shared* shared_ = nullptr;
    std::mutex mutex_; // guards the fault
    std::optional<std::string> fault_;
};

} // namespace bootferry
