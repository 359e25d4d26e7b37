// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conduct_checks.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <dirent.h>
#include <malloc.h>
#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "errors.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto promptly = 1500ms; // the ABI says a second; the machine may be busy

void expectPromptly(Clock::time_point since, const char* what, Clock::time_point until = Clock::now()) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(until - since);
    if (took > promptly) {
        throw Late(fmt::format("{} returned only after {} ms", what, took.count()));
    }
}

// Open for as long as the process runs.
struct {
    DIR* descriptors = nullptr;
    DIR* threads = nullptr;
} ownFolders;

std::size_t entriesOf(DIR* folder) {
    std::size_t count = 0;
    ::rewinddir(folder);
    while (::readdir(folder) != nullptr) { // NOLINT(concurrency-mt-unsafe): a stream of our own
        ++count;
    }
    return count;
}

// A joined thread may stay in /proc for a moment.
std::size_t threadsNow(std::size_t expected) {
    auto count = entriesOf(ownFolders.threads);
    for (int i = 0; i < 100 && count > expected; ++i) {
        std::this_thread::sleep_for(10ms);
        count = entriesOf(ownFolders.threads);
    }
    return count;
}

// What the process holds; compared before and after.
struct Holdings {
    std::size_t descriptors = entriesOf(ownFolders.descriptors);
    std::size_t threads = entriesOf(ownFolders.threads);
    std::size_t memory = mallinfo2().uordblks + mallinfo2().hblkhd;
};

// What a library keeps for the whole process is not a leak, so one round goes before the counting.
void expectNothingLeft(const std::function<void()>& sessions, const char* which) {
    constexpr std::size_t unseenMemory = 256U * 1024U; // caches grow a little
    sessions();
    const Holdings before;
    sessions();
    if (const auto now = entriesOf(ownFolders.descriptors); now > before.descriptors) {
        throw Fault(fmt::format("{} left {} descriptors open", which, now - before.descriptors));
    }
    if (const auto now = threadsNow(before.threads); now > before.threads) {
        throw Fault(fmt::format("{} left {} threads running", which, now - before.threads));
    }
    if (const Holdings now; now.memory > before.memory + unseenMemory) {
        throw Fault(fmt::format("{} left {} bytes of memory allocated", which, now.memory - before.memory));
    }
}

} // namespace

void openOwnFolders() {
    for (auto [folder, path] : {std::pair(&ownFolders.descriptors, "/proc/self/fd"),
                                std::pair(&ownFolders.threads, "/proc/self/task")}) {
        *folder = ::opendir(path);
        if (*folder == nullptr) {
            throwErrno(errno, fmt::format("opening '{}'", path));
        }
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

void cancelledWhileWaiting(CheckSettings& settings) {
    if (!settings.waitingUrl) {
        throw Skipped("no --waiting-url was given");
    }
    constexpr auto untilItWaits = 500ms;
    Attempt attempt(settings.plugin);
    Clock::time_point cancelled;
    std::thread canceller([&] {
        std::this_thread::sleep_for(untilItWaits);
        cancelled = Clock::now();
        attempt.cancel();
    });
    auto failure = attempt.openUrl(*settings.waitingUrl);
    std::vector<std::byte> buffer(65536);
    while (!failure && attempt.read(buffer, failure) > 0) {
    }
    canceller.join();
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the call that waited");
    expectPromptly(cancelled, "the call that waited");
}

// Cancels once no read has returned for a while; the plugin then waits in one.
void cancelledWhileTheServerIsSilent(CheckSettings& settings) {
    constexpr auto silence = 700ms;
    constexpr std::uint64_t enough = 128U * 1024U; // with less, it would be open that waits
    if (settings.proxy != nullptr && settings.reference.size() < enough) {
        throw Skipped("the resource is too small");
    }
    Attempt attempt(settings.plugin);
    openThroughProxy(settings, attempt, FaultyProxy::Fault::Silence, settings.reference.size() / 2);
    std::atomic<Clock::rep> lastReturn = Clock::now().time_since_epoch().count();
    std::atomic<bool> ended = false;
    Clock::time_point cancelled;
    std::thread canceller([&] {
        while (!ended && Clock::now().time_since_epoch() - Clock::duration(lastReturn) < silence) {
            std::this_thread::sleep_for(20ms);
        }
        if (!ended) {
            cancelled = Clock::now();
            attempt.cancel();
        }
    });
    std::optional<Failure> failure;
    std::string fault;
    try {
        std::vector<std::byte> buffer(65536);
        while (!failure && attempt.read(buffer, failure) > 0) {
            lastReturn = Clock::now().time_since_epoch().count();
        }
    } catch (const Fault& thrown) {
        fault = thrown.what();
    }
    const auto returned = Clock::now();
    ended = true;
    canceller.join();
    if (!fault.empty()) {
        throw Fault(fault);
    }
    if (cancelled == Clock::time_point{}) {
        throw Skipped("its bytes do not come through a TCP connection to the URL's port");
    }
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the read that waited");
    expectPromptly(cancelled, "the read that waited", returned);
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
