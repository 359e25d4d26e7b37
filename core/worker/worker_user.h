// SPDX-License-Identifier: LGPL-2.1-or-later
// The user that a worker runs as if its supervisor is root: never root.
#pragma once

#include <optional>
#include <string>

namespace bootferry {

struct WorkerUser {
    std::optional<std::string> name; // nullopt: not root, so the worker keeps the current user
    std::string remark;              // for people; empty for the usual user
};

// $BOOTFERRY_WORKER_USER, else the user that the package creates, else nobody. If there is none at all,
// starting the worker fails.
[[nodiscard]] WorkerUser workerUser();

} // namespace bootferry
