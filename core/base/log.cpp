// SPDX-License-Identifier: LGPL-2.1-or-later
// One spdlog logger on standard error, its line prefix chosen by whether the journal reads it.
#include "log.h"

#include <cstdlib>
#include <memory>
#include <vector>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace bootferry {
namespace {

// systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream that standard error was connected to.
bool standardErrorIsJournal() {
    const char* stream = std::getenv("JOURNAL_STREAM"); // NOLINT(concurrency-mt-unsafe): before any thread
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

int syslogPriority(spdlog::level::level_enum level) {
    switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
        return LOG_DEBUG;
    case spdlog::level::info:
        return LOG_INFO;
    case spdlog::level::warn:
        return LOG_WARNING;
    case spdlog::level::err:
        return LOG_ERR;
    default:
        return LOG_CRIT;
    }
}

class PriorityFlag : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
        const auto prefix = fmt::format("<{}>", syslogPriority(message.level));
        to.append(prefix.data(), prefix.data() + prefix.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<PriorityFlag>();
    }
};

bool journalReads = false;

} // namespace

void initLogging(std::string_view programName, spdlog::level::level_enum level) {
    journalReads = standardErrorIsJournal();
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    if (journalReads) {
        formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
    } else {
        formatter->set_pattern("%n: %v");
    }
    auto logger = std::make_shared<spdlog::logger>(std::string(programName),
                                                   std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(std::move(formatter));
    const char* wanted =
        std::getenv("BOOTFERRY_LOG_LEVEL"); // NOLINT(concurrency-mt-unsafe): before any thread
    logger->set_level(wanted != nullptr ? spdlog::level::from_str(wanted) : level);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

bool journalAlone(spdlog::level::level_enum level, std::string_view message, JournalFields fields) {
    if (!journalReads) {
        return false;
    }
    std::vector<std::string> lines{fmt::format("MESSAGE={}", message),
                                   fmt::format("PRIORITY={}", syslogPriority(level))};
    for (const auto& [name, value] : fields) {
        lines.push_back(fmt::format("{}={}", name, value));
    }
    std::vector<iovec> vectors;
    vectors.reserve(lines.size());
    for (auto& line : lines) {
        vectors.push_back({line.data(), line.size()});
    }
    return sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size())) >= 0;
}

void journalEntry(spdlog::level::level_enum level, std::string_view message, JournalFields fields) {
    if (!journalAlone(level, message, fields)) {
        spdlog::log(level, message);
    }
}

} // namespace bootferry
