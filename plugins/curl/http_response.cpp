// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_response.h"

#include <algorithm>
#include <cstdint>

#include <curl/curl.h>

#include "ascii_text.h"

namespace bootferry::curl {
namespace {

using plugin::equalIgnoringCase;
using plugin::trimmed;

// At most 2^63 - 1, the limit of file sizes and of libcurl's numbers.
std::optional<std::uint64_t> number(std::string_view text) {
    return plugin::parseNumberWithin<std::uint64_t>(text, 0, INT64_MAX);
}

// Between Last-Modified and a weak ETag in a validator; no date contains it.
constexpr std::string_view beforeWeakTag = " W/";

// Before the content coding of the body that a validator is of.
constexpr std::string_view beforeCoding = "; coding=";

bool isStrong(std::string_view tag) {
    return tag.starts_with('"');
}

// A tag without quotes is invalid (RFC 9110, section 8.8.3), and would look like a date in a validator. An
// empty one is the same for every file.
std::string_view validTag(std::string_view text) {
    const auto quoted = text.starts_with("W/") ? text.substr(2) : text;
    return quoted.size() > 2 && isStrong(quoted) && quoted.ends_with('"') ? text : std::string_view();
}

std::string_view withoutCoding(std::string_view validator) {
    return validator.substr(0, validator.rfind(beforeCoding));
}

std::string_view codingOf(std::string_view validator) {
    const auto mark = validator.rfind(beforeCoding);
    return mark == std::string_view::npos ? std::string_view() : validator.substr(mark + beforeCoding.size());
}

bool frames(std::string_view name) {
    return equalIgnoringCase(name, "Content-Length") || equalIgnoringCase(name, "Transfer-Encoding");
}

// Is the date earlier than the time of the answer?
bool isOlder(const std::string& date, const std::string& answered) {
    const auto changed = curl_getdate(date.c_str(), nullptr);
    return changed >= 0 && changed < curl_getdate(answered.c_str(), nullptr);
}

} // namespace

std::optional<ContentRange> parseContentRange(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    text = trimmed(text);
    if (text.size() <= unit.size() || !equalIgnoringCase(text.substr(0, unit.size()), unit)) {
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

void HttpResponse::addHeaderLine(std::string_view received) {
    // RFC 9110, section 5.5: they are not part of a value, which may be sent again (If-Range) or shown.
    std::string line(received);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    addCleanLine(line);
}

void HttpResponse::addCleanLine(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        *this = {};
        hasStatusLine = true;
        const auto space = line.find(' ');
        status = space != std::string_view::npos ? std::string(trimmed(line.substr(space))) : std::string();
        return;
    }
    if (hasEnded) {
        trailerBytes += line.size();
        return;
    }
    // An informational answer is not the last one (RFC 9110, section 15.2).
    if (trimmed(line).empty()) {
        hasEnded = !status.starts_with('1');
        return;
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
        framingIsUnclear = framingIsUnclear || lastFrames_;
        return;
    }
    const auto colon = line.find(':');
    lastFrames_ = colon != std::string_view::npos && frames(trimmed(line.substr(0, colon)));
    if (colon == std::string_view::npos) {
        return;
    }
    const auto name = line.substr(0, colon);
    framingIsUnclear = framingIsUnclear || (lastFrames_ && trimmed(name) != name);
    const auto value = trimmed(line.substr(colon + 1));
    if (equalIgnoringCase(name, "ETag")) {
        const auto tag = validTag(value);
        tagsDiffer = tagsDiffer || (hasTag && etag != tag);
        etag = tagsDiffer ? std::string_view() : tag;
        hasTag = true;
    } else if (equalIgnoringCase(name, "Last-Modified")) {
        lastModified = value;
    } else if (equalIgnoringCase(name, "Date")) {
        date = value;
    } else if (equalIgnoringCase(name, "Content-Range")) {
        contentRange = value;
    } else if (equalIgnoringCase(name, "Content-Type")) {
        constexpr std::string_view parts = "multipart/byteranges";
        hasParts = equalIgnoringCase(value.substr(0, parts.size()), parts);
    } else if (equalIgnoringCase(name, "Connection")) {
        keepsConnection = equalIgnoringCase(value, "keep-alive");
    } else if (equalIgnoringCase(name, "Location")) {
        location = value;
    } else if (equalIgnoringCase(name, "Retry-After")) {
        retryAfter = value;
    } else if (equalIgnoringCase(name, "Content-Length")) {
        addContentLength(value);
    } else if (equalIgnoringCase(name, "Transfer-Encoding")) {
        addTransferCodings(value);
    } else if (equalIgnoringCase(name, "Content-Encoding")) {
        hasContentCoding = true;
        contentCoding += (contentCoding.empty() ? "" : ",") + std::string(value);
    } else if (equalIgnoringCase(name, "Accept-Ranges")) {
        refusesRanges = equalIgnoringCase(value, "none");
        offersRanges = equalIgnoringCase(value, "bytes");
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

void HttpResponse::addTransferCodings(std::string_view value) {
    hasTransferCoding = hasTransferCoding || !equalIgnoringCase(value, "identity");
    for (;;) {
        const auto comma = value.find(',');
        const auto coding = trimmed(value.substr(0, comma));
        isChunked = equalIgnoringCase(coding, "chunked");
        if (transferCoding.empty() && !isChunked && !equalIgnoringCase(coding, "identity")) {
            transferCoding = coding;
        }
        if (comma == std::string_view::npos) {
            return;
        }
        value.remove_prefix(comma + 1);
    }
}

std::optional<std::uint64_t> HttpResponse::bodyLength() const {
    return hasTransferCoding || lengthIsWrong ? std::nullopt : contentLength;
}

std::string HttpResponse::coding() const {
    const auto name = plugin::lowered(contentCoding);
    return name == "identity" ? "" : name == "x-gzip" ? "gzip" : name;
}

std::string HttpResponse::validator() const {
    auto validator = validatorWithoutCoding();
    if (const auto name = coding(); !name.empty() && !validator.empty()) {
        validator += std::string(beforeCoding) + name;
    }
    return validator;
}

std::string HttpResponse::validatorWithoutCoding() const {
    if (isStrong(etag)) {
        return etag;
    }
    if (!isOlder(lastModified, date) || lastModified.find(beforeWeakTag) != std::string::npos) {
        return "";
    }
    return etag.empty() ? lastModified : lastModified + " " + etag;
}

// An answer with a part may omit its coding (RFC 9110, section 15.3.7), but not have another one.
HttpResponse::Version HttpResponse::versionAgainst(std::string_view earlier) const {
    const auto now = coding();
    const auto before = codingOf(earlier);
    if (!now.empty() && now != before) {
        return Version::OtherCoding;
    }
    const auto version = versionOfFileAgainst(withoutCoding(earlier));
    return version == Version::Same && now != before ? Version::NotShown : version;
}

HttpResponse::Version HttpResponse::versionOfFileAgainst(std::string_view earlier) const {
    const auto compare = [](std::string_view before, std::string_view now) {
        return now.empty() ? Version::NotShown : now == before ? Version::Same : Version::Other;
    };
    if (isStrong(earlier)) {
        const bool isTheSameButWeak = etag.starts_with("W/") && etag.substr(2) == earlier;
        return isTheSameButWeak ? Version::NotShown : compare(earlier, etag);
    }
    const auto changed = ifRangeOf(earlier);
    const auto byDate = compare(changed, lastModified);
    if (changed.size() == earlier.size() || byDate == Version::Other) {
        return byDate;
    }
    const auto byTag = compare(earlier.substr(changed.size() + 1), etag);
    return byTag == Version::Same ? byDate : byTag;
}

bool isStrongValidator(std::string_view validator) {
    return isStrong(validator) && codingOf(validator).empty();
}

std::string_view ifRangeOf(std::string_view whole) {
    const auto validator = withoutCoding(whole);
    return isStrong(validator) ? validator : validator.substr(0, validator.find(beforeWeakTag));
}

} // namespace bootferry::curl
