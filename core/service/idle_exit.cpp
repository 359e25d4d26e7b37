// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle_exit.h"

#include "event_loop.h"

namespace bootferry {

IdleExit::IdleExit(sd_event* event, std::chrono::microseconds timeout, Callbacks callbacks)
    : event_(event), timeout_(timeout), callbacks_(std::move(callbacks)) {
    checkIn(timeout_);
}

void IdleExit::checkIn(std::chrono::microseconds wait) {
    timer_ = startTimer(event_, wait, onTimer, this, "scheduling the exit when idle");
}

int IdleExit::onTimer(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<IdleExit*>(userdata);
    const auto idle =
        std::chrono::ceil<std::chrono::microseconds>(Time::clock::now() - self.callbacks_.lastUse());
    if (self.callbacks_.needed()) {
        self.checkIn(self.timeout_);
    } else if (idle < self.timeout_) {
        self.checkIn(self.timeout_ - idle);
    } else {
        self.callbacks_.leave();
    }
    return 0;
}

} // namespace bootferry
