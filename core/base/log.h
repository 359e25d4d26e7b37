// SPDX-License-Identifier: LGPL-2.1-or-later
// Logging, for the programs' top level: library code throws, it does not log. Under systemd the lines go to
// the journal with their priority (sd-daemon(3)'s "<N>" prefix); started by hand they go to standard error,
// prefixed with the program's name. Entries that programs search for are written with journalEntry(), which
// adds fields. Messages are put together by fmt::format() first, because spdlog's calls with arguments
// compile all of fmt's formatter, which libfmt has already, into each program once more.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

namespace bootferry {

// Call once, first thing in main(). $BOOTFERRY_LOG_LEVEL (trace, debug, info, warning, error) overrides the
// level.
void initLogging(std::string_view programName, spdlog::level::level_enum level = spdlog::level::info);

// One journal entry with extra fields: names in upper case as journald wants them, e.g. {"BOOTFERRY_TARGET",
// "/dev/ram0"}. Where there is no journal the message alone goes where the other lines go.
using JournalFields = std::initializer_list<std::pair<std::string_view, std::string>>;
void journalEntry(spdlog::level::level_enum level, std::string_view message, JournalFields fields);

// The same, and nothing where there is no journal: for what standard error has been told already, because a
// console reads it. False: it is not in the journal.
bool journalAlone(spdlog::level::level_enum level, std::string_view message, JournalFields fields);

} // namespace bootferry
