// SPDX-License-Identifier: LGPL-2.1-or-later
// As whom a worker runs that a program of root's starts: never as root.
#pragma once

#include <optional>
#include <string>

namespace bootferry {

struct WorkerUser {
    std::optional<std::string> name; // absent: we are not root, and have nobody else to become
    std::string remark;              // for people, where it is not the usual one
};

// $BOOTFERRY_WORKER_USER, else the user that the package makes, else nobody. That there is none at all shows
// when the worker is started.
[[nodiscard]] WorkerUser workerUser();

} // namespace bootferry
