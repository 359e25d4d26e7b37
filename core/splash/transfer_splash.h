// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects bootferryd and plymouthd: follows the transfers as a normal D-Bus client, and shows the newest one
// on the splash. Ends when all transfers it has seen have ended. While bootferryd is not running, waits for
// it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "handles.h"
#include "plymouth_connection.h"
#include "service_client.h"
#include "splash_text.h"

namespace bootferry {

class TransferSplash {
public:
    // `barMode`: see splashContents(). Blocks SIGTERM and SIGINT, and ends run() on them.
    explicit TransferSplash(std::string barMode);

    void run(); // until there is nothing left to show; throws Error

private:
    void follow();
    void followLater();
    void changed(const TransferStatus& status);
    void endWith(const SplashContents& contents);
    static int onFollow(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onLingered(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onStop(sd_event_source* source, const signalfd_siginfo* info, void* userdata);

    std::string barMode_;
    EventHandle event_;
    bool ending_ = false;
    PlymouthConnection plymouth_;
    MessagePace pace_;
    std::map<std::uint32_t, TransferStatus> transfers_; // by number: the last is the newest
    EventSourceHandle timer_;                           // until the next attempt to follow, or the end
    std::unique_ptr<ServiceClient> client_;             // last: it calls all of the above
};

} // namespace bootferry
