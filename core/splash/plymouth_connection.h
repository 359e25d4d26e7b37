// SPDX-License-Identifier: LGPL-2.1-or-later
// The way to plymouthd: told what the splash shall show, it sees to it that it does, as soon as there is a
// plymouthd and as fast as that takes it. It waits for nobody: a plymouthd that is absent is tried again, one
// that was restarted is told everything anew, and one that is slow gets the newest state once it has answered
// for the last one, nothing in between.
#pragma once

#include <functional>

#include "handles.h"
#include "plymouth_protocol.h"

namespace bootferry {

class PlymouthConnection {
public:
    // `settled`: called from the event loop when plymouthd has taken in all it was told.
    // `event` must outlive the object.
    PlymouthConnection(sd_event* event, std::function<void()> settled);

    void show(SplashContents contents);

    // True as well while there is no plymouthd, and nothing to be shown.
    [[nodiscard]] bool isSettled() const { return shown_ == wanted_ && unanswered_ == 0; }

private:
    void connect();
    void bringUpToDate();
    void readAnswers();
    void lose();
    static int onSocket(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    static int onRetry(sd_event_source* source, std::uint64_t time, void* userdata);

    sd_event* event_;
    std::function<void()> settled_;
    SplashContents wanted_;
    SplashContents shown_;       // by the plymouthd we are connected to
    std::size_t unanswered_ = 0; // requests
    UniqueFd socket_;
    EventSourceHandle answers_;
    EventSourceHandle retry_; // none while it is not due
};

} // namespace bootferry
