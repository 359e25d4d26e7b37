// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of FILE.part: where its bytes are from, of which version they are, and which file it is, so
// that bytes of two versions are never put together and nobody else's file is taken for ours. It stands in
// FILE.bootferry and not in the file itself or its extended attributes: those are not on every file system,
// and bytes behind the image's would be in the way of whoever uses the part as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace bootferry {

// Numbers of an inode are used again. Where the file system tells the time of its birth, another file is
// another one; where not, only one that nobody has written to since is known again.
struct FileIdentity {
    std::uint64_t inode = 0;
    std::string born; // seconds.nanoseconds; empty: not known
    std::uint64_t length = 0;
    std::string modified; // as born

    bool operator==(const FileIdentity&) const = default;
};

struct PartialState {
    std::string url;                   // without userinfo
    std::string checksum;              // that was asked for, or its list's URL; empty: none
    std::optional<std::uint64_t> size; // of the whole
    std::string validator;             // empty: it is being written to, its length says nothing
    FileIdentity file;

    bool operator==(const PartialState&) const = default;
};

// Throws Error(Io).
[[nodiscard]] FileIdentity identityOf(int fd);

// Whether it is the file that the state was written of.
[[nodiscard]] bool isFileOf(const PartialState& state, const FileIdentity& now);

// Lines of "name value" and one that says that this is all. Pure.
[[nodiscard]] std::string toText(const PartialState& state);
[[nodiscard]] std::optional<PartialState> partialFromText(std::string_view text);

} // namespace bootferry
