// SPDX-License-Identifier: LGPL-2.1-or-later
// What an HTTP answer's head says, as far as a resumable download cares (RFC 9110). Pure: lines go in, values
// come out; the session decides what they mean.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry::curl {

struct ContentRange {
    std::optional<std::uint64_t> first; // absent in the answer to an unsatisfiable range
    std::optional<std::uint64_t> last;
    std::optional<std::uint64_t> total; // absent: the server does not know

    bool operator==(const ContentRange&) const = default;
};

// RFC 9110 section 14.4; nothing where the text is not of that form or contradicts itself.
[[nodiscard]] std::optional<ContentRange> parseContentRange(std::string_view text);

// Seconds from now, of both forms that Retry-After has (section 10.2.3), at most a day.
[[nodiscard]] std::optional<std::uint32_t> parseRetryAfter(std::string_view text, std::time_t now);

struct HttpResponse {
    // A status line begins anew (redirects, 100 Continue); other lines add to what is there.
    void addHeaderLine(std::string_view line);

    // The strong ETag, else Last-Modified: what If-Range takes (section 13.1.5). Empty: there is none.
    [[nodiscard]] std::string validator() const;

    // Of the body as it is sent (RFC 9112, section 6.3): where there is a transfer coding, nobody told it.
    [[nodiscard]] std::optional<std::uint64_t> bodyLength() const;

    // A Content-Length that is no number, more than any file has (2^63 - 1), or two that differ.
    [[nodiscard]] bool contradictsItself() const { return lengthIsWrong && !hasTransferCoding; }

    std::string status; // "404 Not Found"
    std::string etag;
    std::string lastModified;
    std::string contentRange;
    std::string retryAfter;
    std::optional<std::uint64_t> contentLength;
    bool refusesRanges = false; // Accept-Ranges: none
    bool offersRanges = false;  // Accept-Ranges: bytes
    bool lengthIsWrong = false;
    bool hasTransferCoding = false;
    bool hasContentCoding = false;

private:
    void addContentLength(std::string_view value);
};

} // namespace bootferry::curl
