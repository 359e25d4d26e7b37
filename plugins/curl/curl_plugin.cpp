// SPDX-License-Identifier: LGPL-2.1-or-later
// The curl plugin's table: http, https, ftp and tftp with libcurl. Only connects the C interface with
// CurlSession.
#include <cstdint>
#include <string_view>

#include <curl/curl.h>

#include "curl_session.h"

namespace {

std::uint32_t needsOf(const char* key) {
    const std::string_view option(key);
    if (option == "unix-socket" || option == "abstract-unix-socket") {
        return BOOTFERRY_NEEDS_UNIX_SOCKETS;
    }
    return option == "ftp-port" ? BOOTFERRY_NEEDS_LISTENING : 0;
}

} // namespace

const bootferry_plugin* bootferry_plugin_entry() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return nullptr;
    }
    static constexpr const char* schemes[] = {"http", "https", "ftp", "tftp", nullptr};
    return bootferry::kit::table<bootferry::curl::CurlSession>({
        .name = "curl",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::curl::CurlOptions::described(),
        .needs = needsOf,
    });
}
