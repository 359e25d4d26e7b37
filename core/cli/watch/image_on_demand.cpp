// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image_on_demand.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "environment.h"
#include "event_loop.h"
#include "no_service.h"

namespace bootferry {
namespace {

std::string socketPath() {
    return runtimePath("ondemand");
}

} // namespace

std::string runtimePath(std::string_view name) {
    return fmt::format("{}/{}", environment("BOOTFERRY_RUNTIME_DIRECTORY", "/run/bootferry"), name);
}

std::vector<TransferStatus> transfersOnDemand() {
    const auto path = socketPath();
    if (::access(path.c_str(), F_OK) != 0) {
        return {};
    }
    const auto loop = makeEventLoop();
    try {
        return ServiceClient(loop.get(), path).transfers();
    } catch (const NoService&) { // it has ended meanwhile, or was killed
        return {};
    }
}

std::unique_ptr<ServiceClient> clientFor(std::uint32_t transfer, sd_event* event) {
    const auto transfers = transfersOnDemand();
    const bool known = std::any_of(transfers.begin(), transfers.end(),
                                   [&](const auto& status) { return status.id == transfer; });
    return known ? std::make_unique<ServiceClient>(event, socketPath())
                 : std::make_unique<ServiceClient>(event);
}

} // namespace bootferry
