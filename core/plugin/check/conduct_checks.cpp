// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conduct_checks.h"

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <exception>
#include <functional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>
#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "flow_checks.h"
#include "open_resources.h"
#include "receiver.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto promptly = 1500ms; // the ABI says a second; the machine may be busy

struct Holdings {
    Names descriptors = ownDescriptors();
    Names threads = ownThreads();
    std::size_t memory = mallinfo2().uordblks + mallinfo2().hblkhd;
};

// What a library keeps for the whole process is not a leak, so one round goes before the counting.
void expectNothingLeft(const std::function<void()>& sessions, const char* which) {
    constexpr std::size_t unseenMemory = 256U * 1024U; // caches grow a little
    sessions();
    const Holdings before;
    sessions();
    const auto descriptors = ownDescriptors();
    if (const auto left = without(descriptors, before.descriptors); !left.empty()) {
        throw Fault(fmt::format("{} left {} descriptors open", which, left.size()));
    }
    if (const auto closed = without(before.descriptors, descriptors); !closed.empty()) {
        throw Fault(fmt::format("{} closed {} descriptors that are not theirs", which, closed.size()));
    }
    if (const auto left = newThreads(before.threads); left > 0) {
        throw Fault(fmt::format("{} left {} threads running", which, left));
    }
    if (const Holdings now; now.memory > before.memory + unseenMemory) {
        throw Fault(fmt::format("{} left {} bytes of memory allocated", which, now.memory - before.memory));
    }
}

std::chrono::nanoseconds timeOf(clockid_t clock) {
    timespec time{};
    (void)::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// The processor time of all threads but the calling one.
std::chrono::nanoseconds computedByOthers() {
    return timeOf(CLOCK_PROCESS_CPUTIME_ID) - timeOf(CLOCK_THREAD_CPUTIME_ID);
}

// The processor time of the process while a call waits. A plugin that polls descriptors uses none; one that
// asks in a loop uses all it gets, even on a busy machine. One that still has work to do is measured when
// that is done.
struct SilenceWatch {
    static constexpr auto silence = 700ms;
    static constexpr auto longestOpen = 5000ms; // a connection may take its time
    static constexpr int quietShare = 25;       // one part of so many
    static constexpr auto busyTime = 500ms;

    std::atomic<Clock::rep> lastReturn = 0;
    std::atomic<bool> ended = false;
    bool isBusy = false;
    Clock::time_point cancelled;

    void noteReturn() { lastReturn = Clock::now().time_since_epoch().count(); }

    // False if it ends without one.
    bool waitForSilence() {
        std::chrono::nanoseconds computed{0};
        auto begin = Clock::now();
        auto before = computedByOthers();
        while (!ended) {
            std::this_thread::sleep_for(20ms);
            const auto now = Clock::now();
            if (const Clock::time_point last{Clock::duration(lastReturn)}; last > begin) {
                begin = now;
                before = computedByOthers();
                computed = 0ns;
            } else if (now - begin >= (lastReturn == 0 ? longestOpen : silence)) {
                const auto used = computedByOthers() - before;
                computed += used;
                isBusy = computed >= busyTime;
                if (isBusy || used < (now - begin) / quietShare) {
                    return true;
                }
                begin = now;
                before += used;
            }
        }
        return false;
    }
};

// Of a call that has failed, or returned 0 at `offset`, before it was cancelled. A short limit is seen in how
// soon it failed: a busy machine makes that later, never sooner.
[[noreturn]] void judgeUncancelled(const CheckSettings& settings, const std::optional<Failure>& failure,
                                   const char* call, std::uint64_t offset, Clock::duration waited) {
    if (offset >= settings.reference.size()) {
        throw Skipped("its bytes do not come through a TCP connection to the URL's port");
    }
    const bool wasSilent = settings.proxy->affected() > 0;
    const auto when = wasSilent
                          ? fmt::format("after {} ms of silence {}",
                                        std::chrono::ceil<std::chrono::milliseconds>(waited).count(), call)
                          : std::string(call);
    if (!failure) {
        throw Fault(fmt::format("{} returned 0, as at the end, after {} of {} bytes", when, offset,
                                settings.reference.size()));
    }
    if (!wasSilent) {
        throwFailure(*failure, fmt::format("through a proxy, {}", call));
    }
    const auto text = fmt::format("{} failed with {}", when, codeName(failure->code));
    if (!isRetried(failure->code)) {
        throw Fault(fmt::format("{}, so that a boot fails: {}", text, failure->message));
    }
    if (waited < SilenceWatch::silence) {
        throw Late(fmt::format("{}: the host has the patience, and cancels: {}", text, failure->message));
    }
    throw Skipped(fmt::format("{}, before it was cancelled: {}", text, failure->message));
}

// Cancels once no call has returned for a while; the plugin then waits in one. That is a read or a splice,
// unless the resource is so small that nothing comes through at all.
void cancelledInSilence(const CheckSettings& settings, Way way) {
    Attempt attempt(settings.plugin);
    planProxy(settings, FaultyProxy::Fault::Silence, settings.reference.size() / 2);
    SilenceWatch watch;
    std::thread canceller([&] {
        if (watch.waitForSilence()) {
            watch.cancelled = Clock::now();
            attempt.cancel();
        }
    });
    std::optional<Failure> failure;
    std::exception_ptr thrown;
    const char* call = "open";
    std::uint64_t offset = 0;
    auto began = Clock::now();
    try {
        failure = attempt.openUrl(settings.proxy->url());
        Receiver receiver(attempt, way);
        std::vector<std::byte> buffer(65536);
        for (std::size_t count = 1; !failure && count > 0; offset += count) {
            watch.noteReturn();
            began = Clock::now();
            count = receiver.take(buffer, failure);
            call = receiver.call();
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto returned = Clock::now();
    watch.ended = true;
    canceller.join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (watch.cancelled == Clock::time_point{}) {
        judgeUncancelled(settings, failure, call, offset, returned - began);
    }
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the call that waited");
    expectPromptly(watch.cancelled, "the call that waited", returned);
    if (constexpr unsigned once = 1; std::string_view(call) != "open" && attempt.statuses() > once) {
        throw Fault(
            fmt::format("{} called host->status {} times while the server was silent in the middle, which "
                        "hides the stall: it is for waits that are expected to be long",
                        call, attempt.statuses()));
    }
    if (watch.isBusy) {
        throw Late("it computes all the time while it waits for the server: poll descriptors, with cancel_fd "
                   "among them, until there is something to do");
    }
}

} // namespace

void expectPromptly(Clock::time_point since, const char* what, Clock::time_point until) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(until - since);
    if (took > promptly) {
        throw Late(fmt::format("{} returned only after {} ms", what, took.count()));
    }
}

void doesNotBlock(CheckSettings& settings) {
    auto start = Clock::now();
    const auto lap = [&start](const char* what) {
        expectPromptly(start, what);
        start = Clock::now();
    };
    Attempt attempt(settings.plugin, false);
    lap("session_new");
    for (const auto& [key, value] : settings.plugin.options) {
        (void)attempt.setOption(key, value);
        lap("set_option");
    }
    attempt.mustOpen();
    start = Clock::now();
    (void)attempt.info();
    lap("info");
    std::array<std::byte, 1> byte{};
    (void)attempt.mustRead(byte);
    start = Clock::now();
    (void)attempt.info();
    lap("info");
    attempt.free();
    lap("session_free in the middle of a transfer");
    freedWhileTheServerIsSilent(settings);
}

void cancelledBeforeOpen(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    attempt.cancel();
    const auto start = Clock::now();
    expectFailure(attempt.open(), BOOTFERRY_ERROR_CANCELLED, "open after a cancel");
    expectPromptly(start, "open after a cancel");
}

void cancelledBetweenReads(CheckSettings& settings) {
    if (settings.reference.size() < 2) {
        throw Skipped("the resource is too small");
    }
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    std::array<std::byte, 1> byte{};
    (void)attempt.mustRead(byte);
    attempt.cancel();
    const auto start = Clock::now();
    std::optional<Failure> failure;
    (void)attempt.read(byte, failure);
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "read after a cancel");
    expectPromptly(start, "read after a cancel");
}

std::optional<Failure> failureAfterCancel(const CheckSettings& settings, const std::string& url,
                                          const char* what) {
    constexpr auto untilItWaits = 500ms;
    Attempt attempt(settings.plugin);
    Clock::time_point cancelled;
    std::thread canceller([&] {
        std::this_thread::sleep_for(untilItWaits);
        cancelled = Clock::now();
        attempt.cancel();
    });
    std::optional<Failure> failure;
    std::exception_ptr thrown;
    try {
        failure = attempt.openUrl(url);
        std::vector<std::byte> buffer(65536);
        while (!failure && attempt.read(buffer, failure) > 0) {
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto returned = Clock::now();
    canceller.join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (failure && failure->code == BOOTFERRY_ERROR_CANCELLED) {
        expectPromptly(cancelled, what, returned);
    }
    return failure;
}

void cancelledWhileWaiting(CheckSettings& settings) {
    if (!settings.waitingUrl) {
        throw Skipped("no --waiting-url was given");
    }
    const auto failure = failureAfterCancel(settings, *settings.waitingUrl, "the call that waited");
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the call that waited");
}

void cancelledWhileTheServerIsSilent(CheckSettings& settings) {
    requireProxied(settings);
    cancelledInSilence(settings, Way::Read);
    if (settings.reference.spliceable()) {
        cancelledInSilence(settings, Way::Splice);
    }
}

// A thread that blocks them itself may need a moment for that.
void blocksSignalsInThreads(CheckSettings& settings) {
    constexpr int readsWatched = 20;
    const auto before = ownThreads();
    const auto look = [&before](const char* call) {
        auto fault = signalFault(before);
        for (int i = 0; fault && i < 10; ++i) {
            std::this_thread::sleep_for(20ms);
            fault = signalFault(before);
        }
        if (fault) {
            throw Fault(fmt::format("after {}, a thread of the plugin {}", call, *fault));
        }
    };
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    look("open");
    std::vector<std::byte> buffer(65536);
    for (int i = 0; i < readsWatched && attempt.mustRead(buffer) > 0; ++i) {
        look("read");
    }
}

void leavesNothingBehind(CheckSettings& settings) {
    expectNothingLeft(
        [&] {
            for (int i = 0; i < 5; ++i) {
                Attempt attempt(settings.plugin);
                attempt.mustOpen();
                std::vector<std::byte> buffer(65536);
                while (attempt.mustRead(buffer) > 0 && i % 2 == 0) {
                }
                if (i % 2 == 0) {
                    attempt.finish(i == 0 ? BOOTFERRY_OUTCOME_COMMITTED : BOOTFERRY_OUTCOME_DISCARDED);
                }
                const Attempt neverOpened(settings.plugin);
            }
        },
        "ten sessions");
}

void leavesNothingAfterFailures(CheckSettings& settings) {
    const auto size = settings.reference.size();
    const bool resumes = settings.reference.resumable() && size > 1;
    const auto missing = [&] {
        Attempt attempt(settings.plugin);
        if (settings.missingUrl) {
            (void)attempt.openUrl(*settings.missingUrl);
        }
    };
    const auto pastTheEnd = [&] {
        Attempt attempt(settings.plugin);
        (void)attempt.open(size + 1000, settings.reference.validator());
    };
    const auto cancelled = [&](bool beforeOpen) {
        Attempt attempt(settings.plugin);
        if (beforeOpen) {
            attempt.cancel();
        }
        if (attempt.open(resumes ? size / 2 : 0, settings.reference.validator())) {
            return;
        }
        std::array<std::byte, 1> byte{};
        (void)attempt.mustRead(byte);
        attempt.cancel();
        std::optional<Failure> failure;
        (void)attempt.read(byte, failure);
    };
    expectNothingLeft(
        [&] {
            for (int i = 0; i < 3; ++i) {
                missing();
                pastTheEnd();
                cancelled(true);
                cancelled(false);
            }
            Attempt attempt(settings.plugin);
            (void)attempt.setOption("no-such-option-anywhere", "1");
        },
        "sessions that failed or were cancelled");
}

} // namespace bootferry
