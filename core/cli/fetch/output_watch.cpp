// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_watch.h"

#include <utility>

#include <poll.h>
#include <sys/ioctl.h>

#include "event_loop.h"

namespace bootferry {
namespace {

// FIONREAD: of a pipe, both ends know how much is in it.
OutputPatience::Sample look(int stream, std::uint64_t written) {
    pollfd writable{.fd = stream, .events = POLLOUT, .revents = 0};
    int queued = 0;
    if (::ioctl(stream, FIONREAD, &queued) < 0 || queued < 0) {
        queued = 0;
    }
    return {.isFull = ::poll(&writable, 1, 0) == 0,
            .queued = static_cast<std::uint64_t>(queued),
            .written = written};
}

} // namespace

std::optional<OutputPatience::Duration> OutputPatience::reached(const Sample& now, Duration elapsed) {
    stuck_ = now.isFull && now == last_ ? stuck_ + interval : Duration(0);
    last_ = now;
    if (!now.isFull) {
        return std::nullopt;
    }
    if (total_ && elapsed >= *total_) {
        return total_;
    }
    return idle_ && stuck_ >= *idle_ ? idle_ : std::nullopt;
}

OutputWatch::OutputWatch(sd_event* event, int stream, OutputPatience patience,
                         std::function<void(OutputPatience::Duration)> onStuck)
    : event_(event), stream_(stream), patience_(patience), onStuck_(std::move(onStuck)) {
    schedule();
}

void OutputWatch::schedule() {
    timer_ = startTimer(event_, OutputPatience::interval, onInterval, this, "watching the output");
}

int OutputWatch::onInterval(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<OutputWatch*>(userdata);
    const auto elapsed =
        std::chrono::duration_cast<OutputPatience::Duration>(std::chrono::steady_clock::now() - self.began_);
    if (const auto limit = self.patience_.reached(look(self.stream_, self.written_), elapsed)) {
        self.timer_.reset();
        self.onStuck_(*limit);
    } else {
        self.schedule();
    }
    return 0;
}

} // namespace bootferry
