// SPDX-License-Identifier: LGPL-2.1-or-later
// Logging, for the top level of programs: library code throws instead. Everything goes to standard error:
// under systemd with the priority (sd-daemon(3)'s "<N>" prefix) for the journal, otherwise with the program's
// name. journalEntry() writes entries with fields, for programs that search the journal. Callable from any
// thread; never fails, and does not block for long if nobody reads (standard_streams.h). Only log.cpp
// includes spdlog, whose headers take longer to compile than most files that log.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace bootferry {

enum class LogLevel { Debug, Info, Warning, Error };

// Call once, at the start of main(). $BOOTFERRY_LOG_LEVEL (trace, debug, info, warning, error) overrides the
// level. Messages logged before this call are lost.
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

// Writes one journal entry with extra fields, whose names are in upper case, e.g. {"BOOTFERRY_TARGET",
// "/dev/ram0"}. Without a journal this is log(level, message).
using JournalFields = std::initializer_list<std::pair<std::string_view, std::string>>;
void journalEntry(LogLevel level, std::string_view message, JournalFields fields);

// Like journalEntry(), but does nothing without a journal: for messages that are on standard error already.
// Returns false if the message is not in the journal.
bool journalOnly(LogLevel level, std::string_view message, JournalFields fields);

} // namespace bootferry
