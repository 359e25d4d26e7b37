// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a source may take. Three limits apply: of the silence within one call, of one read with all its
// retries, and of the whole transfer. Time that the source does not need is not counted: the clock runs only
// during its calls, and exempt() excludes what the reader takes within a read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "errors.h"
#include "give_up_signal.h"

namespace bootferry {

struct TimeLimits {
    std::chrono::microseconds silence{std::chrono::seconds(30)};
    std::optional<std::chrono::microseconds> read;
    std::optional<std::chrono::microseconds> transfer;
};

class Patience {
public:
    using Clock = GiveUpSignal::Clock;
    using Wait = std::chrono::milliseconds;

    // The time of the transfer begins now. cancelFd is borrowed and may be -1.
    Patience(const TimeLimits& limits, int cancelFd);

    // For the source's calls: becomes readable at a cancel, and when a limit is reached.
    [[nodiscard]] int cancelFd() const { return signal_.fd(); }
    [[nodiscard]] Clock::time_point endOfTransfer() const { return endOfTransfer_; }

    void beginRead();
    void endRead(); // from now on, only the limit of the transfer counts

    // Runs one call of the source. If it throws, causeOf() must be called with the error.
    template <typename Call>
    auto during(Call call) {
        signal_.startClock(endOfRead_);
        if constexpr (std::is_void_v<decltype(call())>) {
            call();
            signal_.stopClock();
        } else {
            auto result = call();
            signal_.stopClock();
            return result;
        }
    }

    // Runs something that is not the source's, and excludes its time from the read.
    template <typename Call>
    auto exempt(Call call) {
        const auto begun = Clock::now();
        const auto result = call();
        prolongRead(Clock::now() - begun);
        return result;
    }

    // The source is active, although its call has not returned. Callable from any thread.
    void touch() { signal_.touch(); }

    // Waits until then, or until the end of the transfer. Throws Error(Cancelled).
    void sleepUntil(Clock::time_point time) const;

    [[nodiscard]] bool isReadOver() const; // its limit is reached
    [[nodiscard]] Wait withinRead(Wait wait) const;

    // What ended a call: a cancel, a limit, or else the failure itself. If the time was over, it is the
    // failure before, if there was one. arrived: the bytes so far, for the message.
    [[nodiscard]] Error causeOf(const Error& failure, const std::optional<Error>& before,
                                std::uint64_t arrived);

private:
    void prolongRead(Clock::duration time);
    [[nodiscard]] Error cause(const Error& failure, const std::optional<Error>& before,
                              std::uint64_t arrived) const;

    int cancelFd_;
    std::optional<std::chrono::microseconds> readLimit_;
    GiveUpSignal signal_;
    Clock::time_point endOfTransfer_;
    Clock::time_point endOfRead_; // never after endOfTransfer_
};

} // namespace bootferry
