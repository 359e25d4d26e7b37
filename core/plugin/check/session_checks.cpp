// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session_checks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;

// A session that waits for its server in a thread, until this ends.
class WaitingSession {
public:
    WaitingSession(const PluginUnderTest& plugin, const std::string& url)
        : attempt_(plugin), thread_([this, url] {
              try {
                  std::optional<Failure> failure = attempt_.openUrl(url);
                  std::vector<std::byte> buffer(usual[0]);
                  while (!failure && attempt_.read(buffer, failure) > 0) {
                      lastReturn_ = Clock::now().time_since_epoch().count();
                  }
              } catch (const Fault&) { // other checks are there for that
              }
              ended_ = true;
          }) {}
    WaitingSession(const WaitingSession&) = delete;
    WaitingSession& operator=(const WaitingSession&) = delete;
    ~WaitingSession() {
        attempt_.cancel();
        thread_.join();
    }

    // Until no call has returned for a while. False if it does not wait at all.
    [[nodiscard]] bool waitUntilItWaits() const {
        constexpr auto silence = std::chrono::milliseconds(700);
        const auto begin = Clock::now();
        while (!ended_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (Clock::now() - std::max(begin, Clock::time_point(Clock::duration(lastReturn_))) > silence) {
                return true;
            }
        }
        return false;
    }
    // Lets go what it may hold, unless done() within that time.
    void cancelAfter(std::chrono::seconds time, const std::function<bool()>& done) {
        for (const auto end = Clock::now() + time; !done() && Clock::now() < end;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        if (!done()) {
            attempt_.cancel();
        }
    }

private:
    Attempt attempt_;
    std::atomic<Clock::rep> lastReturn_ = 0;
    std::atomic<bool> ended_ = false;
    std::thread thread_; // the last one: it uses the others
};

// One session of several that take turns.
struct Turn {
    std::unique_ptr<Attempt> attempt;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
};

// What a session does beside another one that waits at this URL. False if that one does not wait.
bool isPromptBesideOneAt(const PluginUnderTest& plugin, const CheckSettings& settings,
                         const std::string& url) {
    constexpr std::chrono::seconds muchLongerThanPromptly{4};
    WaitingSession waiting(plugin, url);
    if (!waiting.waitUntilItWaits()) {
        return false;
    }
    std::atomic<bool> done = false;
    std::thread rescuer([&] { waiting.cancelAfter(muchLongerThanPromptly, [&] { return done.load(); }); });
    std::exception_ptr thrown;
    try {
        const auto start = Clock::now();
        Attempt attempt(plugin);
        attempt.cancel();
        (void)attempt.openUrl(settings.plugin.url);
        attempt.free();
        expectPromptly(start,
                       "a session that is cancelled before open, beside one that waits for its server,");
    } catch (...) {
        thrown = std::current_exception();
    }
    done = true;
    rescuer.join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    return true;
}

} // namespace

void twoSessionsAtATime(CheckSettings& settings) {
    constexpr std::array<std::size_t, 2> pieces{65536, 16381};
    const auto size = settings.reference.size();
    const bool resumes = settings.reference.resumable() && size > 3;
    const bool ranges = resumes && settings.reference.ranges();
    std::vector<Turn> turns;
    const auto begin = [&](std::uint64_t offset, std::uint64_t length) {
        auto attempt = std::make_unique<Attempt>(settings.plugin);
        const auto validator = offset > 0 ? settings.reference.validator() : "";
        if (const auto failure = attempt->openUrl(settings.plugin.url, offset, validator, length)) {
            throwFailure(*failure, fmt::format("open at {} beside another session", offset));
        }
        const auto end = length < size - offset ? offset + length : size;
        turns.push_back({.attempt = std::move(attempt), .offset = offset, .end = end});
    };
    const auto readOnePiece = [&](Turn& turn, std::size_t piece) {
        const std::array sizes{piece};
        turn.offset = readFrom(*turn.attempt, settings.reference, turn.offset, sizes,
                               std::min(turn.end, turn.offset + 1));
    };
    begin(0, BOOTFERRY_SIZE_UNKNOWN);
    readOnePiece(turns[0], 1);
    begin(0, BOOTFERRY_SIZE_UNKNOWN);
    if (resumes) {
        begin(size / 3, ranges ? size / 2 : BOOTFERRY_SIZE_UNKNOWN);
        begin(size / 2, ranges ? size / 4 : BOOTFERRY_SIZE_UNKNOWN);
    }
    for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < turns.size(); ++i) {
            readOnePiece(turns[i], pieces[i % pieces.size()]);
            more |= turns[i].offset < turns[i].end;
        }
    }
    turns.erase(turns.begin()); // the others live on
    begin(0, BOOTFERRY_SIZE_UNKNOWN);
    (void)readFrom(*turns.back().attempt, settings.reference, 0, usual, size);
}

// As the host fetches parts over several connections. A race may show or not, so there are several rounds.
void sessionsInThreads(CheckSettings& settings) {
    constexpr int rounds = 4;
    constexpr std::uint64_t parts = 4;
    const auto size = settings.reference.size();
    if (!settings.reference.ranges() || size < parts) {
        throw Skipped("the plugin does not offer parts over several connections (RANGES)");
    }
    auto plugin = settings.plugin;
    plugin.inThreads = true;
    const auto readPart = [&](std::uint64_t part, Attempt& attempt) {
        const auto begin = size / parts * part;
        const auto end = part + 1 < parts ? begin + size / parts : size;
        const auto validator = begin > 0 ? settings.reference.validator() : "";
        if (const auto failure = attempt.openUrl(settings.plugin.url, begin, validator, end - begin)) {
            throwFailure(*failure, fmt::format("open at {} in one of several threads", begin));
        }
        (void)readFrom(attempt, settings.reference, begin, usual, end);
        attempt.free();
    };
    for (int round = 0; round < rounds; ++round) {
        std::array<std::exception_ptr, parts> thrown;
        std::array<std::unique_ptr<Attempt>, parts> attempts;
        for (auto& attempt : attempts) { // no thread may begin before open: one after the other
            attempt = std::make_unique<Attempt>(plugin);
        }
        std::vector<std::thread> threads;
        for (std::uint64_t part = 0; part < parts; ++part) {
            threads.emplace_back([&, part] {
                try {
                    readPart(part, *attempts.at(part));
                } catch (...) {
                    thrown.at(part) = std::current_exception();
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        for (const auto& exception : thrown) {
            if (exception) {
                std::rethrow_exception(exception);
            }
        }
    }
}

void anyThread(CheckSettings& settings) {
    const auto inAThread = [](auto action) {
        std::exception_ptr thrown;
        std::thread([&] {
            try {
                action();
            } catch (...) {
                thrown = std::current_exception();
            }
        }).join();
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    };
    std::unique_ptr<Attempt> attempt;
    inAThread([&] { attempt = std::make_unique<Attempt>(settings.plugin); });
    inAThread([&] { attempt->mustOpen(); });
    inAThread([&] { (void)readFrom(*attempt, settings.reference, 0, usual, settings.reference.size()); });
    inAThread([&] { attempt.reset(); });
}

// A lock that is held over a wait is found by the cancel that it keeps another session from seeing.
void notHeldUpByAnother(CheckSettings& settings) {
    auto plugin = settings.plugin;
    plugin.inThreads = true;
    bool waited = false;
    if (settings.waitingUrl) {
        waited = isPromptBesideOneAt(plugin, settings, *settings.waitingUrl);
    }
    if (settings.proxy != nullptr) {
        planProxy(settings, FaultyProxy::Fault::Silence, settings.reference.size() / 2);
        waited |= isPromptBesideOneAt(plugin, settings, settings.proxy->url());
    }
    if (!waited) {
        throw Skipped("no session waits: there is no --waiting-url, nor a port in the URL that a proxy can "
                      "stand before");
    }
}

} // namespace bootferry
