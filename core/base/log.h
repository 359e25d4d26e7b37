// SPDX-License-Identifier: LGPL-2.1-or-later
// Logging, for the programs' top level: library code throws, it does not log. Under systemd the lines go to
// the journal with their priority (sd-daemon(3)'s "<N>" prefix); started by hand they go to standard error,
// prefixed with the program's name. Entries that programs search for are written with journalEntry(), which
// adds fields. From any thread. It never fails and never waits for long, whoever should read it
// (standard_streams.h). That spdlog does it is log.cpp's business: its headers take longer to compile than
// most files that log.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace bootferry {

enum class LogLevel { Debug, Info, Warning, Error };

// Call once, first thing in main(). $BOOTFERRY_LOG_LEVEL (trace, debug, info, warning, error) overrides the
// level. What is logged without, goes nowhere.
void initLogging(std::string_view programName, LogLevel level = LogLevel::Info);

void log(LogLevel level, std::string_view message);
inline void logDebug(std::string_view message) {
    log(LogLevel::Debug, message);
}
inline void logInfo(std::string_view message) {
    log(LogLevel::Info, message);
}
inline void logWarning(std::string_view message) {
    log(LogLevel::Warning, message);
}
inline void logError(std::string_view message) {
    log(LogLevel::Error, message);
}

// One journal entry with extra fields: names in upper case as journald wants them, e.g. {"BOOTFERRY_TARGET",
// "/dev/ram0"}. Where there is no journal the message alone goes where the other lines go.
using JournalFields = std::initializer_list<std::pair<std::string_view, std::string>>;
void journalEntry(LogLevel level, std::string_view message, JournalFields fields);

// The same, and nothing where there is no journal: for what standard error has been told already, because a
// console reads it. False: it is not in the journal.
bool journalAlone(LogLevel level, std::string_view message, JournalFields fields);

} // namespace bootferry
