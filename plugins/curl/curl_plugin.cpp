// SPDX-License-Identifier: LGPL-2.1-or-later
// The curl plugin's table: http, https and ftp by libcurl. Nothing but the border between C and CurlSession.
#include <curl/curl.h>

#include "curl_session.h"

struct bootferry_session : bootferry::curl::CurlSession {
    using CurlSession::CurlSession;
};

namespace {

using bootferry::plugin::guarded;
using bootferry::plugin::Host;

bootferry_session* sessionNew(const bootferry_host* host) {
    return guarded(Host(host), static_cast<bootferry_session*>(nullptr),
                   [host] { return new bootferry_session(host); });
}

int setOption(bootferry_session* session, const char* key, const char* value) {
    return guarded(session->host(), -1, [&] {
        session->setOption(key, value);
        return 0;
    });
}

int openSource(bootferry_session* session, const bootferry_request* request) {
    return guarded(session->host(), -1, [&] {
        session->open(*request);
        return 0;
    });
}

int info(bootferry_session* session, bootferry_info* told) {
    session->info(*told);
    return 0;
}

ssize_t readBytes(bootferry_session* session, void* buffer, size_t len) {
    return guarded(session->host(), ssize_t{-1}, [&] {
        return static_cast<ssize_t>(session->read({static_cast<std::byte*>(buffer), len}));
    });
}

ssize_t splice(bootferry_session* session, int pipe, size_t len) {
    return guarded(session->host(), ssize_t{-1},
                   [&] { return static_cast<ssize_t>(session->splice(pipe, len)); });
}

int finish(bootferry_session*, bootferry_outcome) {
    return 0; // none of the protocols acknowledges
}

void sessionFree(bootferry_session* session) {
    delete session;
}

constexpr const char* schemes[] = {"http", "https", "ftp", nullptr};

} // namespace

const bootferry_plugin* bootferry_plugin_entry() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return nullptr;
    }
    static const bootferry_plugin table = {
        .struct_size = sizeof(bootferry_plugin),
        .abi_version = BOOTFERRY_ABI_VERSION,
        .name = "curl",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::curl::CurlOptions::described(),
        .session_new = &sessionNew,
        .set_option = &setOption,
        .open = &openSource,
        .info = &info,
        .read = &readBytes,
        .finish = &finish,
        .session_free = &sessionFree,
        .splice = &splice,
    };
    return &table;
}
