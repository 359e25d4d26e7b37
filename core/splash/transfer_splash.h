// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the two: follows bootferryd's transfers as any D-Bus client may, and has the splash show the newest
// of them. Comes to its end when every transfer it has seen has come to its own; a bootferryd that is not
// there yet, or that has died, is waited for.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "handles.h"
#include "plymouth_connection.h"
#include "rate_meter.h"
#include "service_client.h"
#include "splash_text.h"

namespace bootferry {

class TransferSplash {
public:
    // `barMode`: see splashContents(). Blocks SIGTERM and SIGINT, which end it.
    explicit TransferSplash(std::string barMode);

    void run(); // returns when there is nothing left to show; throws Error

private:
    void follow();
    void followLater();
    void changed(const TransferStatus& status);
    void endWith(const SplashContents& contents);
    static int onFollow(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onLingered(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onStop(sd_event_source* source, const signalfd_siginfo* info, void* userdata);

    struct Followed {
        TransferStatus status;
        RateMeter rate;
    };

    std::string barMode_;
    EventHandle event_;
    bool ending_ = false;
    PlymouthConnection plymouth_;
    MessagePace pace_;
    std::map<std::uint32_t, Followed> transfers_; // by number: the last is the newest
    EventSourceHandle timer_;                     // until the next attempt to follow, or the end
    std::unique_ptr<ServiceClient> client_;       // last: it calls all of the above
};

} // namespace bootferry
