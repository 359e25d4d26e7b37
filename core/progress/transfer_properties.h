// SPDX-License-Identifier: LGPL-2.1-or-later
// The one table of a transfer's properties, the interface org.bootferry1.Transfer. From it come what the
// service shows and announces on D-Bus, what its clients read, the JSON object in both directions, and the
// installed introspection file; org.bootferry1(5) and bootferryctl(1) are tested against it. A new property
// is a member of TransferStatus, a row here, and its item in the manual.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <variant>

#include "transfer_status.h"

namespace bootferry {

inline constexpr const char* transferInterface = "org.bootferry1.Transfer";

enum class Changes {
    Never,
    Announced, // by PropertiesChanged
};

struct JsonMember {
    const char* key = nullptr; // null: the object is without the property
    bool nullAtFirst = false;  // the initial value says that nothing is known, and is null in JSON
};

struct TransferProperty {
    using Member = std::variant<bool TransferStatus::*, std::uint32_t TransferStatus::*,
                                std::uint64_t TransferStatus::*, double TransferStatus::*,
                                std::string TransferStatus::*, TransferState TransferStatus::*>;
    const char* name;
    Member member; // its type is the property's on D-Bus
    Changes changes;
    JsonMember json;
    const char* text; // one sentence, with which its item in org.bootferry1(5) begins
};

// clang-format off
inline constexpr TransferProperty transferProperties[] = {
    // name              member                           changes             JSON
    {"Id",               &TransferStatus::id,             Changes::Never,     {.key = "id"},
     "The transfer's number, as in its object's path."},
    {"Url",              &TransferStatus::url,            Changes::Never,     {.key = "url"},
     "The URL it is fetched from, without user and password."},
    {"Target",           &TransferStatus::target,         Changes::Never,     {.key = "target"},
     "The device that was asked for."},
    {"StartedUSec",      &TransferStatus::startedUSec,    Changes::Never,     {.key = "started_usec"},
     "When it was asked for."},
    {"FinishedUSec",     &TransferStatus::finishedUSec,   Changes::Announced, {.key = "finished_usec", .nullAtFirst = true},
     "When it ended; 0 until then."},
    {"State",            &TransferStatus::state,          Changes::Announced, {.key = "state"},
     "The stage it has reached."},
    {"Detail",           &TransferStatus::detail,         Changes::Announced, {.key = "detail", .nullAtFirst = true},
     "What it is doing or waiting for, for people; may be empty."},
    {"BytesTransferred", &TransferStatus::bytes,          Changes::Announced, {.key = "bytes"},
     "Received, before any decompression."},
    {"BytesTotal",       &TransferStatus::total,          Changes::Announced, {.key = "total", .nullAtFirst = true},
     "To be received; UINT64_MAX while unknown."},
    {"BytesWritten",     &TransferStatus::written,        Changes::Announced, {.key = "written"},
     "Safe on the target."},
    {"Progress",         &TransferStatus::fraction,       Changes::Announced, {},
     "From 0 to 1, or -1 while BytesTotal is unknown."},
    {"Rate",             &TransferStatus::rate,           Changes::Announced, {},
     "Bytes a second, over the last five seconds; 0 while nothing moves."},
    {"RemainingUSec",    &TransferStatus::remainingUSec,  Changes::Announced, {},
     "Estimated time to the end; UINT64_MAX while unknown."},
    {"Attempt",          &TransferStatus::attempt,        Changes::Announced, {.key = "attempts"},
     "1, and one more each time something was tried again."},
    {"Plugin",           &TransferStatus::plugin,         Changes::Announced, {.key = "plugin", .nullAtFirst = true},
     "Name and version of the plugin; empty until a worker has loaded it."},
    {"Device",           &TransferStatus::device,         Changes::Announced, {.key = "device", .nullAtFirst = true},
     "After success, where the image lies: Target, or a loop device in its place."},
    {"Reused",           &TransferStatus::reused,         Changes::Announced, {.key = "reused"},
     "After success: Target held an image already, and nothing was fetched."},
    {"Digest",           &TransferStatus::digest,         Changes::Announced, {.key = "digest", .nullAtFirst = true},
     "After success, algorithm and hash of what was received; empty without a checksum."},
    {"ErrorName",        &TransferStatus::errorName,      Changes::Announced, {.key = "error", .nullAtFirst = true},
     "One of org.bootferry1.Error.*; empty unless it failed or was cancelled."},
    {"ErrorMessage",     &TransferStatus::errorMessage,   Changes::Announced, {.key = "message", .nullAtFirst = true},
     "The reason in one line for people; empty unless it failed or was cancelled."},
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
inline constexpr const char* dbusType<TransferState> = "s"; // its name

[[nodiscard]] constexpr const char* signatureOf(const TransferProperty& property) {
    return std::visit([]<typename Value>(Value TransferStatus::*) { return dbusType<Value>; },
                      property.member);
}

// Null: there is none of this name.
[[nodiscard]] constexpr const TransferProperty* findTransferProperty(std::string_view name) {
    const auto* found = std::find_if(std::begin(transferProperties), std::end(transferProperties),
                                     [name](const auto& property) { return name == property.name; });
    return found != std::end(transferProperties) ? found : nullptr;
}

// Calls visitor(value) with the property's value in `status`, which may be written to where `status` may.
template <typename Status, typename Visitor>
auto visitProperty(const TransferProperty& property, Status& status, Visitor visitor) {
    return std::visit([&](auto member) { return visitor(status.*member); }, property.member);
}

[[nodiscard]] inline bool differs(const TransferProperty& property, const TransferStatus& one,
                                  const TransferStatus& other) {
    return std::visit([&](auto member) { return one.*member != other.*member; }, property.member);
}

} // namespace bootferry
