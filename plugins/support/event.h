// SPDX-License-Identifier: LGPL-2.1-or-later
// Lets one thread wake another that waits in poll(2): eventfd(2).
#pragma once

#include <cerrno>

#include <sys/eventfd.h>

#include "descriptor.h"
#include "host.h"

namespace bootferry::plugin {

class Event {
public:
    Event() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!fd_) {
            throw Failure(BOOTFERRY_ERROR_IO, "creating an event descriptor", errno);
        }
    }

    void raise() const { (void)::eventfd_write(fd_.get(), 1); }
    void lower() const {
        eventfd_t count = 0;
        (void)::eventfd_read(fd_.get(), &count);
    }
    [[nodiscard]] int fd() const { return fd_.get(); } // readable while it is raised

private:
    Descriptor fd_;
};

} // namespace bootferry::plugin
