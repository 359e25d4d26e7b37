// SPDX-License-Identifier: LGPL-2.1-or-later
// A proxy on loopback that forwards TCP connections to the resource's server, and falls silent after so many
// bytes of it without closing: the peer that a plugin must be able to leave. It runs in a process of its own,
// since the checks are not allowed to listen.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "handles.h"
#include "url.h"

namespace bootferry {

class StallingProxy {
public:
    // The URL must name a port. Throws Error.
    StallingProxy(const Url& url, std::uint64_t bytes);
    StallingProxy(const StallingProxy&) = delete;
    StallingProxy& operator=(const StallingProxy&) = delete;
    ~StallingProxy(); // ends its process

    [[nodiscard]] const std::string& url() const { return url_; } // the resource's, through the proxy

private:
    std::string url_;
    pid_t process_ = -1;
};

} // namespace bootferry
