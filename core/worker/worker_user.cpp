// SPDX-License-Identifier: LGPL-2.1-or-later
// nobody(5) is less tidy, but not less safe: other programs may run as that user, but a worker can reach as
// little of theirs as of any user's, and they cannot inspect it.
#include "worker_user.h"

#include <pwd.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "build_config.h"
#include "environment.h"

namespace bootferry {

WorkerUser workerUser() {
    if (::geteuid() != 0) {
        return {};
    }
    if (auto wanted = environment("BOOTFERRY_WORKER_USER")) {
        return {.name = std::move(*wanted), .remark = {}};
    }
    // NOLINTBEGIN(concurrency-mt-unsafe): before any thread
    if (::getpwnam(BOOTFERRY_WORKER_USER) == nullptr && ::getpwnam("nobody") != nullptr) {
        return {.name = "nobody",
                .remark = fmt::format("the user '{}' does not exist (systemd-sysusers creates it): running "
                                      "the transfer process as 'nobody'",
                                      BOOTFERRY_WORKER_USER)};
    }
    // NOLINTEND(concurrency-mt-unsafe)
    return {.name = BOOTFERRY_WORKER_USER, .remark = {}};
}

} // namespace bootferry
