// SPDX-License-Identifier: LGPL-2.1-or-later
// Widths are counted in characters (UTF-8), which serves for our texts, and not in the font's real widths.
#include "splash_text.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "differ_only_in_numbers.h"
#include "percent.h"
#include "url.h"

namespace bootferry {
namespace {

constexpr std::size_t lineColumns = 72;
constexpr std::size_t mostLines = 3;
constexpr std::chrono::seconds readingTime{2};

bool beginsCharacter(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; // UTF-8
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), beginsCharacter));
}

bool dividesWords(char c) {
    return c == ' ' || (static_cast<unsigned char>(c) < ' ') || c == '\x7f';
}

// Keeps the number of spaces: the numbers are two spaces apart.
std::string takeSpace(std::string_view& text) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), dividesWords);
    const auto width = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(width);
    return std::string(width, ' ');
}

// Takes at most as much of a word as fits into a line.
std::string_view takeWord(std::string_view& text) {
    const auto* end = text.begin();
    for (std::size_t width = 0; end != text.end() && !dividesWords(*end); ++end) {
        width += beginsCharacter(*end) ? 1 : 0;
        if (width > lineColumns) {
            break;
        }
    }
    const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(word.size());
    return word;
}

// A text that does not fit into one line is broken before these words.
bool opensAnAside(std::string_view word) {
    return word.front() == '(' || word == "from";
}

std::string sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text;
}

// Without the port, which does not help the person who reads this.
std::string hostOf(const std::string& url) {
    try {
        return Url::parse(url).host();
    } catch (const Error&) {
        return url;
    }
}

std::string numbers(const TransferStatus& status) {
    const auto padded = progressText(status);
    return fmt::format("{}  from {}", padded.substr(padded.find_first_not_of(' ')),
                       hostOf(status.sources.empty() ? status.url : status.sources.back()));
}

std::string words(const TransferStatus& status) {
    switch (status.state) {
    case TransferState::Waiting:
    case TransferState::Connecting:
        return status.detail.empty() ? "Connecting to " + hostOf(status.url) : sentence(status.detail);
    case TransferState::Transferring:
        return numbers(status);
    case TransferState::Verifying:
        return "Verifying the live system";
    case TransferState::Committing:
        return "Finishing the live system";
    case TransferState::Done:
        return {};
    case TransferState::Failed:
        return fmt::format("Cannot fetch the live system: {} ({})", status.errorMessage, status.url);
    case TransferState::Cancelled:
        return "The transfer of the live system was cancelled";
    }
    return {};
}

} // namespace

SplashContents splashContents(const TransferStatus& status, std::string_view barMode) {
    SplashContents contents;
    contents.message = fittedToScreen(words(status));
    if (isFinal(status.state)) {
        return contents;
    }
    contents.bootPaused = true;
    contents.percent = percentOf(status.bytes, status.total);
    if (contents.percent && status.state == TransferState::Transferring) {
        contents.mode = barMode;
    }
    return contents;
}

std::string fittedToScreen(std::string_view text) {
    std::vector<std::string> lines;
    const bool fits = columns(text) <= lineColumns;
    while (true) {
        const auto space = takeSpace(text);
        const auto word = takeWord(text);
        if (word.empty()) {
            return fmt::format("{}", fmt::join(lines, "\n"));
        }
        const bool continues = !lines.empty() &&
                               columns(lines.back()) + space.size() + columns(word) <= lineColumns &&
                               (fits || !opensAnAside(word));
        if (continues) {
            lines.back().append(space).append(word);
        } else if (lines.size() < mostLines) {
            lines.emplace_back(word);
        } else {
            return fmt::format("{} ...", fmt::join(lines, "\n"));
        }
    }
}

const std::string& MessagePace::next(Time now, TransferState state, const std::string& message) {
    const bool retrying = hasFailed_ && state == TransferState::Connecting;
    hasFailed_ = retrying || state == TransferState::Waiting;
    const bool onlyNumbersChanged = differOnlyInNumbers(message, shown_);
    if (!retrying && (!onlyNumbersChanged || now - since_ >= readingTime)) {
        shown_ = message;
        since_ = now;
    }
    return shown_;
}

} // namespace bootferry
