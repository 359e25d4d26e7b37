// SPDX-License-Identifier: LGPL-2.1-or-later
#include "terminal_line.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "environment.h"

namespace bootferry {
namespace {

constexpr std::size_t shortestBar = 10;
constexpr std::size_t longestBar = 40;
constexpr std::size_t frame = 3; // "[" "] "

// Cuts the text to at most `longest` bytes, never within a UTF-8 character. A text has no more columns than
// bytes.
std::string shortened(const std::string& text, std::size_t longest) {
    if (text.size() <= longest) {
        return text;
    }
    auto end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

std::string bar(double part, std::size_t length) {
    const auto done = static_cast<std::size_t>(part * static_cast<double>(length));
    return fmt::format("[{}{}] ", std::string(done, '#'), std::string(length - done, '.'));
}

} // namespace

bool canRedraw(int fd) {
    return ::isatty(fd) == 1 && environment("TERM") != "dumb";
}

std::size_t terminalWidth(int fd) {
    winsize size{};
    constexpr std::size_t usual = 80;
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

std::string terminalLine(const Progress& progress, const std::string& text, std::size_t width) {
    const auto room = width > 0 ? width - 1 : 0; // a full line moves some terminals to the next one
    const bool measurable =
        progress.state == TransferState::Transferring && progress.total != unknownSize && progress.total > 0;
    if (!measurable || text.size() + frame + shortestBar > room) {
        return shortened(text, room);
    }
    const auto part =
        std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.total));
    return bar(part, std::min(longestBar, room - frame - text.size())) + text;
}

} // namespace bootferry
