// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_response.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <curl/curl.h>

namespace bootferry::curl {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool sameName(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [lower](char x, char y) { return lower(x) == lower(y); });
}

// At most 2^63 - 1, the limit of file sizes and of libcurl's numbers.
std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > INT64_MAX) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<ContentRange> parseContentRange(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    text = trimmed(text);
    if (text.size() <= unit.size() || !sameName(text.substr(0, unit.size()), unit)) {
        return std::nullopt;
    }
    text.remove_prefix(unit.size());
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    ContentRange range;
    const auto bounds = trimmed(text.substr(0, slash));
    const auto total = trimmed(text.substr(slash + 1));
    if (total != "*") {
        range.total = number(total);
        if (!range.total) {
            return std::nullopt;
        }
    }
    if (bounds == "*") {
        return range;
    }
    const auto dash = bounds.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    range.first = number(bounds.substr(0, dash));
    range.last = number(bounds.substr(dash + 1));
    const bool sound = range.first && range.last && *range.first <= *range.last &&
                       (!range.total || *range.last < *range.total);
    return sound ? std::optional(range) : std::nullopt;
}

std::optional<std::uint32_t> parseRetryAfter(std::string_view text, std::time_t now) {
    constexpr std::int64_t longest = 86400;
    const auto plain = trimmed(text);
    if (const auto seconds = number(plain)) {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(*seconds, longest));
    }
    const auto date = curl_getdate(std::string(plain).c_str(), nullptr);
    if (date < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(date - now, 0, longest));
}

void HttpResponse::addHeaderLine(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        *this = {};
        const auto space = line.find(' ');
        status = space != std::string_view::npos ? std::string(trimmed(line.substr(space))) : std::string();
        return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return;
    }
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (sameName(name, "ETag")) {
        etag = value;
    } else if (sameName(name, "Last-Modified")) {
        lastModified = value;
    } else if (sameName(name, "Content-Range")) {
        contentRange = value;
    } else if (sameName(name, "Retry-After")) {
        retryAfter = value;
    } else if (sameName(name, "Content-Length")) {
        addContentLength(value);
    } else if (sameName(name, "Transfer-Encoding")) {
        hasTransferCoding = hasTransferCoding || !sameName(value, "identity");
    } else if (sameName(name, "Content-Encoding")) {
        hasContentCoding = true;
    } else if (sameName(name, "Accept-Ranges")) {
        refusesRanges = sameName(value, "none");
        offersRanges = sameName(value, "bytes");
    }
}

// The same number repeated, separated by commas or on several lines, is valid.
void HttpResponse::addContentLength(std::string_view value) {
    for (;;) {
        const auto comma = value.find(',');
        const auto length = number(trimmed(value.substr(0, comma)));
        lengthIsWrong = lengthIsWrong || !length || (contentLength && contentLength != length);
        contentLength = length;
        if (comma == std::string_view::npos) {
            return;
        }
        value.remove_prefix(comma + 1);
    }
}

std::optional<std::uint64_t> HttpResponse::bodyLength() const {
    return hasTransferCoding || lengthIsWrong ? std::nullopt : contentLength;
}

std::string HttpResponse::validator() const {
    return etag.starts_with('"') ? etag : lastModified;
}

} // namespace bootferry::curl
