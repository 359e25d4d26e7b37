// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker's own log has sd-daemon(3)'s "<N>" before each line, as for a journal (spawn.cpp).
#include "worker_output.h"

#include <array>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr double burst = 100; // lines
constexpr double perSecond = 10;
constexpr unsigned lastReads = 32; // of 4 KiB: more than a pipe holds by itself

LogLevel takeLevel(std::string_view& line) {
    if (line.size() < 3 || line[0] != '<' || line[2] != '>' || line[1] < '0' || line[1] > '7') {
        return LogLevel::Info;
    }
    const int priority = line[1] - '0';
    line.remove_prefix(3);
    if (priority <= LOG_ERR) {
        return LogLevel::Error;
    }
    return priority == LOG_WARNING ? LogLevel::Warning
           : priority == LOG_DEBUG ? LogLevel::Debug
                                   : LogLevel::Info;
}

} // namespace

WorkerOutput::WorkerOutput(sd_event* event, UniqueFd pipe) : pipe_(std::move(pipe)), rate_(burst, perSecond) {
    constexpr const char* what = "watching the worker's output";
    checkErrno(::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK), what);
    input_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event, source, pipe_.get(), EPOLLIN, onReadable, this);
        },
        what);
}

int WorkerOutput::onReadable(sd_event_source* source, int, std::uint32_t events, void* userdata) {
    auto& self = *static_cast<WorkerOutput*>(userdata);
    if (!self.readSome() && (events & EPOLLHUP) != 0) {
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
    }
    return 0;
}

bool WorkerOutput::readSome() {
    std::array<char, 4096> piece{};
    const auto count = TEMP_FAILURE_RETRY(::read(pipe_.get(), piece.data(), piece.size()));
    if (count <= 0) {
        return false;
    }
    for (const char c : std::string_view(piece.data(), static_cast<std::size_t>(count))) {
        if (c == '\n') {
            logLine(std::exchange(line_, {}));
        } else if (line_.size() < 2 * longestPlainText) {
            line_ += c;
        }
    }
    return true;
}

void WorkerOutput::drain() {
    for (unsigned reads = 0; reads < lastReads && readSome(); ++reads) {
    }
    if (!line_.empty()) {
        logLine(std::exchange(line_, {}));
    }
    if (dropped_ > 0) {
        logWarning(fmt::format("transfer process: {} more lines omitted", dropped_));
    }
}

void WorkerOutput::logLine(std::string_view line) {
    if (!rate_.take(std::chrono::steady_clock::now())) {
        ++dropped_;
        return;
    }
    const auto level = takeLevel(line);
    log(level, fmt::format("transfer process: {}", plainText(line)));
}

} // namespace bootferry
