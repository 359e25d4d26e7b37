// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bus_method.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "bus_names.h"

namespace bootferry {

int replyWith(sd_bus_error* error, const Error& failure) {
    return sd_bus_error_set(error, busErrorName(failure.code()).c_str(), failure.what());
}

void requireRoot(sd_bus_message* message) {
    sd_bus_creds* creds = nullptr;
    uid_t uid = static_cast<uid_t>(-1);
    const int queried = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
    const int read = queried < 0 ? queried : sd_bus_creds_get_euid(creds, &uid);
    sd_bus_creds_unref(creds);
    if (read < 0 || (uid != 0 && uid != ::geteuid())) {
        const std::string_view method = sd_bus_message_get_member(message);
        throw Error(ErrorCode::NotPermitted, fmt::format("only root may {} a transfer",
                                                         method == "StartTransfer" ? "start" : "cancel"));
    }
}

} // namespace bootferry
