// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the table of plugin.h from a C++ class. The class is the plugin's own definition of
// bootferry_session and has the functions that the table calls:
//
//     Session(const bootferry_host*)                       may throw, as may all but host()
//     const Host& host() const
//     void setOption(const std::string& key, const std::string& value)
//     void open(const bootferry_request&)
//     void info(bootferry_info&) const
//     std::size_t read(std::span<std::byte>)
//     void finish(bootferry_outcome)                       optional: the protocol has acknowledgements
//     std::size_t splice(int pipe, std::size_t most)       optional
//
// An exception is reported to the host once (see guarded()) and does not leave the plugin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "host.h"

namespace bootferry::plugin {

// Describes a plugin; see struct bootferry_plugin.
struct Description {
    const char* name;
    const char* version;
    const char* const* schemes;
    const bootferry_option* options;
    std::uint32_t (*needs)(const char* key) = nullptr;
};

template <typename Session>
struct SessionCalls {
    static Session* create(const bootferry_host* host) {
        return guarded(Host(host), static_cast<Session*>(nullptr), [host] { return new Session(host); });
    }

    static int setOption(Session* session, const char* key, const char* value) {
        return succeeds(session, [&] { session->setOption(key, value); });
    }

    static int open(Session* session, const bootferry_request* request) {
        return succeeds(session, [&] { session->open(*request); });
    }

    static int info(Session* session, bootferry_info* info) {
        return succeeds(session, [&] { session->info(*info); });
    }

    static ssize_t read(Session* session, void* buffer, size_t len) {
        return counts(session, [&] { return session->read({static_cast<std::byte*>(buffer), len}); });
    }

    static int finish(Session* session, bootferry_outcome outcome) {
        if constexpr (requires { session->finish(outcome); }) {
            return succeeds(session, [&] { session->finish(outcome); });
        }
        return 0;
    }

    static ssize_t splice(Session* session, int pipe, size_t len) {
        return counts(session, [&] { return session->splice(pipe, len); });
    }

    static void destroy(Session* session) { delete session; }

private:
    template <typename Call>
    static int succeeds(const Session* session, Call call) {
        return guarded(session->host(), -1, [&] {
            call();
            return 0;
        });
    }

    template <typename Call>
    static ssize_t counts(const Session* session, Call call) {
        return guarded(session->host(), ssize_t{-1}, [&] { return static_cast<ssize_t>(call()); });
    }
};

template <typename Session>
bootferry_plugin tableOf(const Description& description) {
    static_assert(std::is_same_v<Session, bootferry_session>);
    using Calls = SessionCalls<Session>;
    bootferry_plugin table = {
        .struct_size = sizeof(bootferry_plugin),
        .abi_version = BOOTFERRY_ABI_VERSION,
        .name = description.name,
        .version = description.version,
        .schemes = description.schemes,
        .options = description.options,
        .session_new = &Calls::create,
        .set_option = &Calls::setOption,
        .open = &Calls::open,
        .info = &Calls::info,
        .read = &Calls::read,
        .finish = &Calls::finish,
        .session_free = &Calls::destroy,
        .splice = nullptr,
        .needs = description.needs,
    };
    if constexpr (requires(Session & session) { session.splice(0, std::size_t{}); }) {
        table.splice = &Calls::splice;
    }
    return table;
}

} // namespace bootferry::plugin
