// SPDX-License-Identifier: LGPL-2.1-or-later
// How often the signals of one transfer are sent: at once when its state changes, otherwise at most twice a
// second, counted from the last signal of either kind. A change that is held back is sent when it is due, so
// that the last numbers of a stalled transfer are reported too. Pure.
#pragma once

#include <chrono>

namespace bootferry {

class SignalPace {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds interval{500};

    [[nodiscard]] bool maySend(Time now, bool newState) const { return newState || now >= due(); }
    [[nodiscard]] Time due() const { return last_ + interval; }
    void sent(Time now) { last_ = now; }

private:
    Time last_;
};

} // namespace bootferry
