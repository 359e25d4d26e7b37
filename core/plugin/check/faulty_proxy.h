// SPDX-License-Identifier: LGPL-2.1-or-later
// A proxy on loopback that forwards TCP connections to the resource's server until a check wants a fault: a
// connection that falls silent, is closed or is reset after so many bytes, or one that falls silent or is
// closed at this moment. It runs in a process of its own, since the checks are not allowed to listen.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "handles.h"
#include "url.h"

namespace bootferry {

class FaultyProxy {
public:
    // Trickle: so many bytes pass a few at a time, the rest as it comes.
    enum class Fault : std::uint32_t { Silence, Close, Reset, Trickle };

    // The URL must name a port. Throws Error.
    explicit FaultyProxy(const Url& url);
    FaultyProxy(const FaultyProxy&) = delete;
    FaultyProxy& operator=(const FaultyProxy&) = delete;
    ~FaultyProxy(); // ends its process

    [[nodiscard]] const std::string& url() const { return url_; } // the resource's, through the proxy

    // Callable in a process forked from the one that made the proxy; in one at a time. They return when it is
    // done. Throw Error.
    // Of connections from now on: what happens to each after so many bytes of the server.
    void plan(Fault fault, std::uint64_t bytes) const;
    void closeAll() const;   // the connections there are; later ones are served
    void silenceAll() const; // the connections since the last plan: nothing of the server passes any more
    // How many connections since the last plan have passed all its bytes, so that it came into effect.
    [[nodiscard]] std::uint64_t affected() const { return seen().affected; }
    struct Seen {
        std::uint64_t affected = 0;
        std::uint64_t connections = 0; // since the last plan
        std::uint64_t passed = 0;      // bytes of the server, in these connections
    };
    [[nodiscard]] Seen seen() const;
    // What the plugin has sent over the connections since the last plan, as far as it was noted.
    [[nodiscard]] std::string sentByPlugin() const;

    struct Sent; // shared with its process

private:
    std::string url_;
    Sent* sent_ = nullptr;
    UniqueFd control_;
    pid_t process_ = -1;
};

} // namespace bootferry
