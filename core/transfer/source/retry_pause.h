// SPDX-License-Identifier: LGPL-2.1-or-later
// The pause before a retry. A new address or route ends it, since the failure may have been the lack of
// one, unless a server asked for the pause (Retry-After). Seam: what watches the network, so that the rule
// is tested without one.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "network_watch.h"

namespace bootferry {

class RetryPause {
public:
    using Wait = std::chrono::milliseconds;
    // Waits for a change of the network, a cancel or the end of the time.
    using Watch = std::function<NetworkWatch::Woken(Wait)>;

    // After the kernel has announced a route, name and neighbour resolution need some time to work.
    static constexpr Wait networkSettleTime{200};

    explicit RetryPause(Watch watch) : watch_(std::move(watch)) {}

    // networkChanged is called at each change, and returns how long the servers still ask clients to wait.
    // Throws Error(Cancelled).
    void pause(Wait time, const std::function<Wait()>& networkChanged) const;

private:
    Watch watch_;
};

} // namespace bootferry
