// SPDX-License-Identifier: LGPL-2.1-or-later
#include "worker_start.h"

#include <utility>

#include "build_config.h"
#include "environment.h"
#include "log.h"
#include "plain_text.h"
#include "unused_options.h"
#include "worker_user.h"

namespace bootferry {
namespace {

WorkerProgram programFor(const WorkerUser& user) {
    return {.path = environment("BOOTFERRY_WORKER", BOOTFERRY_LIBEXEC_DIR "/bootferry-transfer"),
            .user = user.name};
}

} // namespace

WorkerProgram workerProgram() {
    return programFor(workerUser());
}

std::string pluginFolder() {
    return environment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR);
}

std::unique_ptr<WorkerProcess> startWorker(sd_event* event, WorkerJob job, WorkerListener& listener) {
    job.pluginDir = pluginFolder();
    const auto user = workerUser();
    if (!user.remark.empty()) {
        logInfo(user.remark);
    }
    return std::make_unique<WorkerProcess>(event, programFor(user), std::move(job), listener);
}

void warnOfUnusedOptions(const TransferRequest& request) {
    for (const auto& text : describeUnusedOptions(pluginFolder(), request)) {
        logWarning(escapedText(text));
    }
}

} // namespace bootferry
