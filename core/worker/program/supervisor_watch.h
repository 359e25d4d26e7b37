// SPDX-License-Identifier: LGPL-2.1-or-later
// On demand, a machine runs from the image that this process serves, and goes on to do so if bootferryd dies.
// Both a cancel and that death make channel::cancelFd readable; this tells them apart.
#pragma once

#include <thread>

#include "handles.h"

namespace bootferry {

class SupervisorWatch {
public:
    SupervisorWatch(); // throws Error(Io)
    ~SupervisorWatch();
    SupervisorWatch(const SupervisorWatch&) = delete;
    SupervisorWatch& operator=(const SupervisorWatch&) = delete;

    // Readable, and stays so, when this process is cancelled.
    [[nodiscard]] int cancelFd() const { return cancelled_.get(); }

private:
    void run() const;

    UniqueFd cancelled_;
    UniqueFd ended_;
    std::thread thread_; // last: uses the others
};

} // namespace bootferry
