// SPDX-License-Identifier: LGPL-2.1-or-later
// One spdlog logger with our own sink, which writes each line with a single call. This keeps spdlog's
// registry and its pattern formatter out of the programs, and thus out of the initrd.
#include "log.h"

#include <atomic>
#include <memory>
#include <vector>

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "environment.h"
#include "handles.h"
#include "standard_streams.h"

namespace bootferry {
namespace {

// systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream that standard error was connected to.
bool standardErrorIsJournal() {
    const auto stream = environment("JOURNAL_STREAM");
    struct stat status {};
    return stream && ::fstat(STDERR_FILENO, &status) == 0 &&
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

spdlog::level::level_enum spdlogLevel(LogLevel level) {
    switch (level) {
    case LogLevel::Debug:
        return spdlog::level::debug;
    case LogLevel::Info:
        return spdlog::level::info;
    case LogLevel::Warning:
        return spdlog::level::warn;
    case LogLevel::Error:
        break;
    }
    return spdlog::level::err;
}

// One write per line, so that the lines of several threads and processes do not mix.
class StandardError final : public spdlog::sinks::sink {
public:
    explicit StandardError(bool journalReads) : journalReads_(journalReads) {}

    void log(const spdlog::details::log_msg& message) override {
        auto line = journalReads_ ? fmt::format("<{}>", syslogPriority(message.level))
                                  : fmt::format("{}: ", std::string_view(message.logger_name.data(),
                                                                         message.logger_name.size()));
        line.append(message.payload.data(), message.payload.size()).push_back('\n');
        writeError(line);
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
    bool journalReads_;
};

// sd_journal_sendv(3) blocks while journald does not read, and no option prevents that. Poll the journal's
// socket first: the call can then only block if another process fills the queue in between.
bool canWriteToJournal() {
    constexpr int patience = 2000; // ms; after a timeout 0 until the journal reads again
    static std::atomic<bool> stuck = false;
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        return true; // without a journal sd_journal_sendv does not block either
    }
    pollfd writable{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    stuck = ::poll(&writable, 1, stuck ? 0 : patience) == 0;
    return !stuck;
}

bool journalReads = false;
std::unique_ptr<spdlog::logger> logger;

} // namespace

void initLogging(std::string_view programName, LogLevel level) {
    journalReads = standardErrorIsJournal();
    logger = std::make_unique<spdlog::logger>(std::string(programName),
                                              std::make_shared<StandardError>(journalReads));
    const auto wanted = environment("BOOTFERRY_LOG_LEVEL");
    logger->set_level(wanted ? spdlog::level::from_str(*wanted) : spdlogLevel(level));
}

void log(LogLevel level, std::string_view message) {
    if (logger) {
        logger->log(spdlogLevel(level), message);
    }
}

bool journalOnly(LogLevel level, std::string_view message, JournalFields fields) {
    if (!journalReads || !canWriteToJournal()) {
        return false;
    }
    std::vector<std::string> lines{fmt::format("MESSAGE={}", message),
                                   fmt::format("PRIORITY={}", syslogPriority(spdlogLevel(level)))};
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

void journalEntry(LogLevel level, std::string_view message, JournalFields fields) {
    if (!journalOnly(level, message, fields)) {
        log(level, message);
    }
}

} // namespace bootferry
