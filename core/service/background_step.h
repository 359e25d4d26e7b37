// SPDX-License-Identifier: LGPL-2.1-or-later
// A step that blocks (opening a disk, reading it, wiping it, freeing a RAM disk) on a thread of its own, so
// that the event loop keeps answering. The end of the step arrives on the loop. What the step uses belongs
// to it until then.
#pragma once

#include <functional>
#include <optional>
#include <thread>

#include "errors.h"
#include "handles.h"

namespace bootferry {

class BackgroundStep {
public:
    using Work = std::function<void()>;
    // On the loop, once, after the work has ended; failure: the exception that ended it. May destroy the
    // step.
    using Done = std::function<void(const std::optional<Error>& failure)>;

    // Starts the work. If the system has no thread left, the work is done before the constructor returns, and
    // `done` is still called later. `event` must outlive the object. Throws Error(Io).
    BackgroundStep(sd_event* event, Work work, Done done);
    // Waits for the work; `done` is not called any more.
    ~BackgroundStep();

    BackgroundStep(const BackgroundStep&) = delete;
    BackgroundStep& operator=(const BackgroundStep&) = delete;

private:
    void run() noexcept;
    void finish();
    static int onEnd(sd_event_source* source, int fd, std::uint32_t events, void* userdata);

    Work work_;
    Done done_;
    std::optional<Error> failure_; // the thread's until it has signalled its end
    UniqueFd ended_;               // an eventfd
    EventSourceHandle source_;
    std::thread thread_;
};

} // namespace bootferry
