// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of a transfer's properties, the D-Bus interface org.bootferry1.Transfer. The service's vtable and
// change signals, the clients, the JSON object (written and read) and the installed introspection file are
// all derived from it; org.bootferry1(5) and bootferryctl(1) are tested against it. To add a property, add a
// member to TransferStatus, a row here, and an item in the manual.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <variant>

#include "bus_names.h"
#include "transfer_status.h"

namespace bootferry {

enum class Changes {
    Never,
    Announced, // by PropertiesChanged
};

struct JsonMember {
    const char* key = nullptr; // null: the property is not in the JSON object
    bool nullAtFirst = false;  // the initial value means "not known" and is null in JSON
};

struct TransferProperty {
    using Member =
        std::variant<bool TransferStatus::*, std::uint32_t TransferStatus::*, std::uint64_t TransferStatus::*,
                     double TransferStatus::*, std::string TransferStatus::*,
                     std::vector<std::string> TransferStatus::*, TransferState TransferStatus::*>;
    const char* name;
    Member member; // its type is the property's on D-Bus
    Changes changes;
    JsonMember json;
    const char* text; // one sentence; the item in org.bootferry1(5) begins with it
};

// clang-format off
inline constexpr TransferProperty transferProperties[] = {
    // name              member                           changes             JSON
    {"Id",               &TransferStatus::id,             Changes::Never,     {.key = "id"},
     "The transfer's number, as in its object's path."},
    {"Url",              &TransferStatus::url,            Changes::Never,     {.key = "url"},
     "The URL the image is fetched from, without user name and password."},
    {"Target",           &TransferStatus::target,         Changes::Never,     {.key = "target"},
     "The device to write to, as requested."},
    {"ChecksumRequested", &TransferStatus::checksumRequested, Changes::Never, {.key = "checksum_requested"},
     "Whether the request has a checksum, or names a checksum list."},
    {"Checksum",         &TransferStatus::checksum,       Changes::Announced, {.key = "checksum", .nullAtFirst = true},
     "Algorithm and hash that the bytes must have; empty without a checksum, or until its list was read."},
    {"StartedUSec",      &TransferStatus::startedUSec,    Changes::Never,     {.key = "started_usec"},
     "When the transfer was requested."},
    {"FinishedUSec",     &TransferStatus::finishedUSec,   Changes::Announced, {.key = "finished_usec", .nullAtFirst = true},
     "When the transfer ended; 0 until then."},
    {"State",            &TransferStatus::state,          Changes::Announced, {.key = "state"},
     "The current stage."},
    {"Detail",           &TransferStatus::detail,         Changes::Announced, {.key = "detail", .nullAtFirst = true},
     "What the transfer is doing or waiting for, for people; may be empty."},
    {"BytesTransferred", &TransferStatus::bytes,          Changes::Announced, {.key = "bytes"},
     "Bytes received, before any decompression."},
    {"BytesTotal",       &TransferStatus::total,          Changes::Announced, {.key = "total", .nullAtFirst = true},
     "Bytes to receive; UINT64_MAX while unknown."},
    {"BytesWritten",     &TransferStatus::written,        Changes::Announced, {.key = "written"},
     "Bytes that are safe on the target."},
    {"Progress",         &TransferStatus::fraction,       Changes::Announced, {.key = "progress", .nullAtFirst = true},
     "From 0 to 1, or -1 while BytesTotal is unknown."},
    {"Rate",             &TransferStatus::rate,           Changes::Announced, {.key = "rate"},
     "Bytes per second, over the last five seconds; 0 while nothing arrives."},
    {"RemainingUSec",    &TransferStatus::remainingUSec,  Changes::Announced, {.key = "remaining_usec", .nullAtFirst = true},
     "Estimated time left; UINT64_MAX while unknown."},
    {"Attempt",          &TransferStatus::attempt,        Changes::Announced, {.key = "attempts"},
     "Number of attempts: 1 plus the number of retries."},
    {"Sources",          &TransferStatus::sources,        Changes::Announced, {.key = "sources"},
     "The URLs that bytes came from, Url or its mirrors; the last one is in use."},
    {"Plugin",           &TransferStatus::plugin,         Changes::Announced, {.key = "plugin", .nullAtFirst = true},
     "Name and version of the plugin; empty until a worker has loaded it."},
    {"Device",           &TransferStatus::device,         Changes::Announced, {.key = "device", .nullAtFirst = true},
     "After success, the device that holds the image: Target, or a loop device instead."},
    {"Reused",           &TransferStatus::reused,         Changes::Announced, {.key = "reused"},
     "After success: whether Target already held an image, so that nothing was fetched."},
    {"SignedBy",         &TransferStatus::signedBy,       Changes::Announced, {.key = "signed_by", .nullAtFirst = true},
     "Who signed the checksum list, fingerprint and user ID; empty if no signature was verified."},
    {"Digest",           &TransferStatus::digest,         Changes::Announced, {.key = "digest", .nullAtFirst = true},
     "Algorithm and hash of the bytes received, after success or if they differ from Checksum; else empty."},
    {"ErrorName",        &TransferStatus::errorName,      Changes::Announced, {.key = "error", .nullAtFirst = true},
     "One of org.bootferry1.Error.*; empty unless the transfer failed or was cancelled."},
    {"ErrorMessage",     &TransferStatus::errorMessage,   Changes::Announced, {.key = "message", .nullAtFirst = true},
     "The reason in one line for people; empty unless the transfer failed or was cancelled."},
};
// clang-format on

// D-Bus specification, "Type System".
template <typename Value>
inline constexpr const char* dbusType = nullptr;
template <>
inline constexpr const char* dbusType<bool> = "b";
template <>
inline constexpr const char* dbusType<std::uint32_t> = "u";
template <>
inline constexpr const char* dbusType<std::uint64_t> = "t";
template <>
inline constexpr const char* dbusType<double> = "d";
template <>
inline constexpr const char* dbusType<std::string> = "s";
template <>
inline constexpr const char* dbusType<std::vector<std::string>> = "as";
template <>
inline constexpr const char* dbusType<TransferState> = "s"; // its name

[[nodiscard]] constexpr const char* signatureOf(const TransferProperty& property) {
    return std::visit([]<typename Value>(Value TransferStatus::*) { return dbusType<Value>; },
                      property.member);
}

// nullptr if there is no property of this name.
[[nodiscard]] constexpr const TransferProperty* findTransferProperty(std::string_view name) {
    const auto* found = std::find_if(std::begin(transferProperties), std::end(transferProperties),
                                     [name](const auto& property) { return name == property.name; });
    return found != std::end(transferProperties) ? found : nullptr;
}

// Calls visitor(value) with a reference to the property's value in `status`, const if `status` is.
template <typename Status, typename Visitor>
auto visitProperty(const TransferProperty& property, Status& status, Visitor visitor) {
    return std::visit([&](auto member) { return visitor(status.*member); }, property.member);
}

[[nodiscard]] inline bool differs(const TransferProperty& property, const TransferStatus& one,
                                  const TransferStatus& other) {
    return std::visit([&](auto member) { return one.*member != other.*member; }, property.member);
}

} // namespace bootferry
