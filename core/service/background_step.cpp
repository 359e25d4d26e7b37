// SPDX-License-Identifier: LGPL-2.1-or-later
// The eventfd is the only thing that both threads touch at the same time. The thread inherits the signal mask
// of the loop's thread, so that no signal is delivered to it.
#include "background_step.h"

#include <system_error>
#include <utility>

#include <sys/eventfd.h>

namespace bootferry {

BackgroundStep::BackgroundStep(sd_event* event, Work work, Done done)
    : work_(std::move(work)), done_(std::move(done)),
      ended_(checkErrno(::eventfd(0, EFD_CLOEXEC), "starting a step in the background")),
      source_(makeHandle<EventSourceHandle>(
          [&](sd_event_source** source) {
              return sd_event_add_io(event, source, ended_.get(), EPOLLIN, onEnd, this);
          },
          "watching a step in the background")) {
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
        run();
    }
}

BackgroundStep::~BackgroundStep() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void BackgroundStep::run() noexcept {
    try {
        work_();
    } catch (const Error& error) {
        failure_ = error;
    } catch (const std::exception& error) {
        failure_ = Error(ErrorCode::Internal, error.what());
    }
    (void)::eventfd_write(ended_.get(), 1);
}

int BackgroundStep::onEnd(sd_event_source*, int, std::uint32_t, void* userdata) {
    static_cast<BackgroundStep*>(userdata)->finish();
    return 0;
}

void BackgroundStep::finish() {
    source_.reset();
    if (thread_.joinable()) {
        thread_.join();
    }
    const auto done = std::move(done_); // it may destroy this object
    const auto failure = std::move(failure_);
    done(failure);
}

} // namespace bootferry
