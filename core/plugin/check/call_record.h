// SPDX-License-Identifier: LGPL-2.1-or-later
// Which call into the plugin is running, in memory that the check's process shares with the tool: when the
// process dies or its time is up, the tool can tell the plugin's fault from its own and from a slow machine.
#pragma once

#include <atomic>
#include <chrono>
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

private:
    struct Shared {
        std::atomic<const char*> name;
        std::atomic<Clock::rep> begun;
    };
    static_assert(std::atomic<const char*>::is_always_lock_free &&
                  std::atomic<Clock::rep>::is_always_lock_free);
    Shared* shared_ = nullptr;
};

} // namespace bootferry
