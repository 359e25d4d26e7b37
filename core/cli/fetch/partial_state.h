// SPDX-License-Identifier: LGPL-2.1-or-later
// Describes FILE.part: the source and version of its bytes, and the file's identity, so that bytes of two
// versions are never combined and a foreign file is never continued. The description is in FILE.bootferry
// and not in the file's extended attributes, which not every file system has, or behind its bytes, which
// would disturb other uses of the part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace bootferry {

// Inode numbers are reused. If the file system records birth times, they distinguish two files; if not, a
// file is recognised only as long as it is unchanged.
struct FileIdentity {
    std::uint64_t inode = 0;
    std::string born; // seconds.nanoseconds; empty: unknown
    std::uint64_t length = 0;
    std::string modified; // seconds.nanoseconds
    std::string changed;  // the same of the status: no program can set this time

    bool operator==(const FileIdentity&) const = default;
};

struct PartialState {
    std::string url;                   // without userinfo
    std::string checksum;              // as requested, or its list's URL; empty: none
    bool isWhole = false;              // see Continuation; its checksum was not the requested one
    std::optional<std::uint64_t> size; // of the complete file
    std::string validator;
    FileIdentity file;
    // A fetch is continuing the part, or was killed while it did: the file may be longer than recorded, and
    // what is behind that length is not known.
    bool growing = false;

    bool operator==(const PartialState&) const = default;
};

// Throws Error(Io).
[[nodiscard]] FileIdentity identityOf(int fd);

// True if the state describes this file.
[[nodiscard]] bool isFileOf(const PartialState& state, const FileIdentity& now);

// Lines of "name value" and a last line that marks the end. Pure.
[[nodiscard]] std::string toText(const PartialState& state);
[[nodiscard]] std::optional<PartialState> partialFromText(std::string_view text);

} // namespace bootferry
