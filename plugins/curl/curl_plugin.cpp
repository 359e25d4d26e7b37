// SPDX-License-Identifier: LGPL-2.1-or-later
// The C border of the curl plugin: each callback calls the session and turns what it throws into exactly one
// host->fail.
#include <exception>

#include "curl_session.h"

struct bootferry_session {
    explicit bootferry_session(const bootferry_host& host) : session(host) {}
    bootferry_curl::Session session;
};

namespace {

using bootferry_curl::Failure;

template <typename Action>
ssize_t reported(const bootferry_host& host, Action action) noexcept {
    try {
        return action();
    } catch (const Failure& failure) {
        if (failure.retryAfter) {
            host.retry_after(host.context, *failure.retryAfter);
        }
        host.fail(host.context, failure.code, failure.errnoValue, failure.message.c_str());
    } catch (const std::exception& error) {
        host.fail(host.context, BOOTFERRY_ERROR_INTERNAL, 0, error.what());
    }
    return -1;
}

bootferry_session* newSession(const bootferry_host* host) {
    bootferry_session* session = nullptr;
    (void)reported(*host, [&] {
        session = new bootferry_session(*host);
        return 0;
    });
    return session;
}

// None is served yet: refused by name, so that a dropped one never goes unnoticed.
int setOption(bootferry_session* session, const char* key, const char*) {
    return static_cast<int>(reported(session->session.host(), [&]() -> int {
        throw Failure{BOOTFERRY_ERROR_INVALID, 0,
                      std::string("the curl plugin does not serve the option '") + key + "' yet"};
    }));
}

int openSession(bootferry_session* session, const bootferry_request* request) {
    return static_cast<int>(reported(session->session.host(), [&] {
        session->session.open(*request);
        return 0;
    }));
}

int infoOf(bootferry_session* session, bootferry_info* info) {
    session->session.info(*info);
    return 0;
}

ssize_t readFrom(bootferry_session* session, void* buffer, size_t length) {
    return reported(session->session.host(), [&] {
        return static_cast<ssize_t>(session->session.read(static_cast<char*>(buffer), length));
    });
}

int finish(bootferry_session*, bootferry_outcome) {
    return 0;
}

void freeSession(bootferry_session* session) {
    delete session;
}

constexpr const char* schemes[] = {"http", "https", "ftp", nullptr};
constexpr bootferry_option options[] = {{nullptr, nullptr}};

constexpr bootferry_plugin plugin = {
    .struct_size = sizeof(bootferry_plugin),
    .abi_version = BOOTFERRY_ABI_VERSION,
    .name = "curl",
    .version = "0.1.0",
    .schemes = schemes,
    .options = options,
    .session_new = newSession,
    .set_option = setOption,
    .open = openSession,
    .info = infoOf,
    .read = readFrom,
    .finish = finish,
    .session_free = freeSession,
};

} // namespace

const bootferry_plugin* bootferry_plugin_entry(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? &plugin : nullptr;
}
