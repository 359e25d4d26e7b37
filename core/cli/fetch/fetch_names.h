// SPDX-License-Identifier: LGPL-2.1-or-later
// The names of the files that a fetch to FILE creates beside it: FILE.bootferry (fetch_record.h), FILE.part
// (partial_state.h) and, where the file system has no unnamed files, a random one. A FILE that is such a file
// of another fetch is refused, since replacing it would take the other fetch's lock or its bytes.
#pragma once

#include <string>
#include <string_view>

#include "file_location.h"

namespace bootferry {

inline constexpr std::string_view recordSuffix = ".bootferry";
inline constexpr std::string_view partSuffix = ".part";
inline constexpr std::string_view recordFirstLine = "bootferryctl fetch 1";

// .bootferry- and 16 hexadecimal digits. Throws Error(Io).
[[nodiscard]] std::string randomTemporaryName();

// The beginning of a record's file: no record is longer.
[[nodiscard]] std::string readRecord(int fd);

// Throws Error(TargetRefused) if the location's present file is the record, the part or the temporary file of
// a fetch to another file, running or not.
void requireNotOfAnotherFetch(const FileLocation& location);

} // namespace bootferry
