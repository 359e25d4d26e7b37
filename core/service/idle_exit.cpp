// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle_exit.h"

namespace bootferry {

IdleExit::IdleExit(sd_event* event, std::chrono::microseconds patience, Questions questions)
    : event_(event), patience_(patience), questions_(std::move(questions)) {
    askAgainIn(patience_);
}

void IdleExit::askAgainIn(std::chrono::microseconds wait) {
    timer_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_time_relative(event_, source, CLOCK_MONOTONIC,
                                              static_cast<std::uint64_t>(wait.count()), 0, onTimer, this);
        },
        "scheduling the end of an idle service");
}

int IdleExit::onTimer(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<IdleExit*>(userdata);
    const auto idle =
        std::chrono::ceil<std::chrono::microseconds>(Time::clock::now() - self.questions_.lastUse());
    if (self.questions_.needed()) {
        self.askAgainIn(self.patience_);
    } else if (idle < self.patience_) {
        self.askAgainIn(self.patience_ - idle);
    } else {
        self.questions_.leave();
    }
    return 0;
}

} // namespace bootferry
