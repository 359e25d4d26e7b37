// SPDX-License-Identifier: LGPL-2.1-or-later
// The dolly plugin's table. Nothing but the border between C and DollySession.
#include "dolly_session.h"

struct bootferry_session : bootferry::dolly::DollySession {
    using DollySession::DollySession;
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

int finish(bootferry_session* session, bootferry_outcome outcome) {
    return guarded(session->host(), -1, [&] {
        session->finish(outcome);
        return 0;
    });
}

void sessionFree(bootferry_session* session) {
    delete session;
}

constexpr const char* schemes[] = {"dolly", nullptr};

} // namespace

const bootferry_plugin* bootferry_plugin_entry() {
    static const bootferry_plugin table = {
        .struct_size = sizeof(bootferry_plugin),
        .abi_version = BOOTFERRY_ABI_VERSION,
        .name = "dolly",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::dolly::Settings::described(),
        .session_new = &sessionNew,
        .set_option = &setOption,
        .open = &openSource,
        .info = &info,
        .read = &readBytes,
        .finish = &finish,
        .session_free = &sessionFree,
    };
    return &table;
}
