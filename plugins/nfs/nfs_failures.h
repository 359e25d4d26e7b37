// SPDX-License-Identifier: LGPL-2.1-or-later
// From what libnfs says of a failure to the host's code and words. libnfs has one text for each failure, with
// the protocol's status in it if there is one; its numbers say less: EFAULT is any failure of the connection,
// and version 4's own statuses all become ERANGE.
#ifndef NFS_FAILURES_H
#define NFS_FAILURES_H

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "bootferry/plugin.hpp"
#include "nfs_settings.h"

namespace nfs {

// Whether libnfs could not read what came: "Incoming PDU exceeds limit of …", "Invalid/garbage pdu received
// …", "zdr_replymsg failed …".
inline bool isGarbage(const std::string& text) {
    return text.find("PDU") != std::string::npos || text.find("pdu") != std::string::npos ||
           text.find("zdr") != std::string::npos;
}

inline Failure notNfs(const std::string& server) {
    return {BOOTFERRY_ERROR_PROTOCOL, "the server at '" + server + "' does not speak NFS: check the port"};
}

enum class Step { Mounting, Opening, Reading };

// What a status of the protocol means for the host. The names are those of RFC 1813 and RFC 7530 without
// their prefix. What is not listed is unexpected: PROTOCOL.
struct StatusMeaning {
    std::string_view name;
    bootferry_error code;
};
constexpr StatusMeaning meanings[] = {
    {"NOENT", BOOTFERRY_ERROR_NOT_FOUND},
    {"NOTDIR", BOOTFERRY_ERROR_NOT_FOUND},
    {"NAMETOOLONG", BOOTFERRY_ERROR_NOT_FOUND},
    {"ISDIR", BOOTFERRY_ERROR_NOT_FOUND},
    {"ACCES", BOOTFERRY_ERROR_AUTH}, // version 3
    {"ACCESS", BOOTFERRY_ERROR_AUTH},
    {"PERM", BOOTFERRY_ERROR_AUTH},
    {"WRONGSEC", BOOTFERRY_ERROR_AUTH}, // Kerberos, which libnfs does not have
    {"STALE", BOOTFERRY_ERROR_RANGE},   // another file has this name now; while opening: see failureOf()
    {"FHEXPIRED", BOOTFERRY_ERROR_RANGE},
    {"JUKEBOX", BOOTFERRY_ERROR_UNREACHABLE}, // not now
    {"DELAY", BOOTFERRY_ERROR_UNREACHABLE},
    {"GRACE", BOOTFERRY_ERROR_UNREACHABLE}, // after a restart of the server
    {"RESOURCE", BOOTFERRY_ERROR_UNREACHABLE},
    {"SERVERFAULT", BOOTFERRY_ERROR_UNREACHABLE},
    {"IO", BOOTFERRY_ERROR_UNREACHABLE},
    {"CLID_INUSE", BOOTFERRY_ERROR_UNREACHABLE},
    {"EXPIRED", BOOTFERRY_ERROR_UNREACHABLE}, // the host paused for longer than the lease
    {"STALE_CLIENTID", BOOTFERRY_ERROR_UNREACHABLE},
    {"STALE_STATEID", BOOTFERRY_ERROR_UNREACHABLE},
    {"OLD_STATEID", BOOTFERRY_ERROR_UNREACHABLE},
    {"BAD_STATEID", BOOTFERRY_ERROR_UNREACHABLE},
    {"ADMIN_REVOKED", BOOTFERRY_ERROR_UNREACHABLE},
};

// "NFS3ERR_ACCES" of libnfs's "NFS: Lookup of /a failed with NFS3ERR_ACCES(-13)", or an empty string.
inline std::string statusIn(const std::string& text) {
    for (const auto* prefix : {"NFS3ERR_", "NFS4ERR_", "MNT3ERR_"}) {
        if (const auto at = text.rfind(prefix); at != std::string::npos) {
            return text.substr(at, text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_34", at) - at);
        }
    }
    return {};
}

// The errno in libnfs's "… Connection refused(111) while connecting." or "… failed, errno:104. …", or 0.
inline int errnoIn(const std::string& text) {
    std::uint64_t number = 0;
    for (const std::string_view before : {"errno:", "("}) {
        if (const auto at = text.rfind(before); at != std::string::npos) {
            (void)bootferry_take_number(text.c_str() + at + before.size(), INT_MAX, &number);
        }
    }
    return static_cast<int>(number);
}

// A failure of libnfs or its RPC layer, without a status of the protocol. libnfs drops the reason that came
// as `data`, so these numbers get words here.
inline Failure failureWithoutStatus(int status, const std::string& text, Step step, const Place& place,
                                    const Settings& settings) {
    const auto file = "'" + place.path + "'";
    switch (-status) {
    case ENOMEM:
        return {BOOTFERRY_ERROR_IO, "libnfs", ENOMEM};
    case EACCES:
        return {BOOTFERRY_ERROR_AUTH, "the server does not let user " + std::to_string(settings.uid) +
                                          " read " + file + " (options 'uid' and 'gid')"};
    case ELOOP:
        return {BOOTFERRY_ERROR_NOT_FOUND, file, ELOOP};
    case ENOENT:
    case EINVAL: // version 4
        if (step == Step::Opening) {
            return {BOOTFERRY_ERROR_NOT_FOUND, "a symbolic link on the way to " + file + " leads out of '" +
                                                   place.exportPath + "' (option 'export')"};
        }
        break;
    case EFAULT:
        if (text.empty()) {
            return {BOOTFERRY_ERROR_PROTOCOL,
                    "the server refused the call: it does not serve NFS version " +
                        std::to_string(settings.version) +
                        " (option 'version'), or only to ports below 1024, which 'insecure' in exports(5) "
                        "changes"};
        }
        if (isGarbage(text)) {
            return notNfs(place.server);
        }
        return {BOOTFERRY_ERROR_UNREACHABLE, text}; // "Program is not available on …", of the portmapper
    default:
        break;
    }
    return {BOOTFERRY_ERROR_PROTOCOL, file + ": " + (text.empty() ? "libnfs gives no reason" : text)};
}

// status: as the callback got it, negative. text: what libnfs says, Nfs::errorText().
inline Failure failureOf(int status, const std::string& text, Step step, const Place& place,
                         const Settings& settings) {
    const auto name = statusIn(text);
    if (name.empty()) {
        return failureWithoutStatus(status, text, step, place, settings);
    }
    const auto suffix = std::string_view(name).substr(std::strlen("NFS3ERR_"));
    const auto* known = std::find_if(std::begin(meanings), std::end(meanings),
                                     [&](const auto& meaning) { return meaning.name == suffix; });
    auto code = known != std::end(meanings) ? known->code : BOOTFERRY_ERROR_PROTOCOL;
    if (code == BOOTFERRY_ERROR_RANGE && step != Step::Reading) {
        code = BOOTFERRY_ERROR_UNREACHABLE; // replaced between two steps: the next attempt opens the new one
    }
    const auto& path = step == Step::Mounting ? place.exportPath : place.path;
    auto message = "the server answered " + name + " to '" + path + "'";
    if (code == BOOTFERRY_ERROR_NOT_FOUND && step == Step::Mounting) {
        message += ": it is not there, or not exported to this machine";
    } else if (code == BOOTFERRY_ERROR_AUTH && step == Step::Mounting) {
        message += ": it is not exported to this machine, or only to ports below 1024, which 'insecure' in "
                   "exports(5) changes";
    } else if (code == BOOTFERRY_ERROR_AUTH) {
        message += " for user " + std::to_string(settings.uid) + " (options 'uid' and 'gid')";
    }
    return {code, message};
}

} // namespace nfs

#endif
