// SPDX-License-Identifier: LGPL-2.1-or-later
#include "retry_pause.h"

#include <algorithm>

#include "errors.h"

namespace bootferry {

void RetryPause::pause(Wait time, const std::function<Wait()>& networkChanged) const {
    using Clock = std::chrono::steady_clock;
    using Woken = NetworkWatch::Woken;
    const auto until = Clock::now() + time;
    auto woken = watch_(time);
    while (woken == Woken::NetworkChanged) {
        if (networkChanged() == Wait(0)) {
            woken = watch_(std::min(networkSettleTime, time));
            break;
        }
        woken = watch_(std::max(std::chrono::ceil<Wait>(until - Clock::now()), Wait(0)));
    }
    if (woken == Woken::Cancelled) {
        throw Error(ErrorCode::Cancelled, "cancelled");
    }
}

} // namespace bootferry
