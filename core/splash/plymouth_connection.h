// SPDX-License-Identifier: LGPL-2.1-or-later
// The connection to plymouthd: keeps the splash showing the wanted contents, without ever blocking. If
// plymouthd is not there, connecting is retried; after a restart it gets the complete contents again; a slow
// one gets the newest contents, without the states in between, when it has answered the previous requests.
#pragma once

#include <functional>

#include "handles.h"
#include "plymouth_protocol.h"

namespace bootferry {

class PlymouthConnection {
public:
    // `onUpToDate`: called from the event loop when plymouthd has answered all requests and shows the wanted
    // contents. `event` must outlive the object.
    PlymouthConnection(sd_event* event, std::function<void()> onUpToDate);

    void show(SplashContents contents);

    // Also true without a plymouthd if there is nothing to show.
    [[nodiscard]] bool isUpToDate() const { return shown_ == wanted_ && unanswered_ == 0; }

private:
    void connect();
    void sendChanges();
    void readAnswers();
    void lose();
    static int onSocket(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    static int onRetry(sd_event_source* source, std::uint64_t time, void* userdata);

    sd_event* event_;
    std::function<void()> onUpToDate_;
    SplashContents wanted_;
    SplashContents shown_;       // as sent over the current connection
    std::size_t unanswered_ = 0; // requests
    UniqueFd socket_;
    EventSourceHandle answers_;
    EventSourceHandle retry_; // set while waiting to reconnect
};

} // namespace bootferry
