// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields of an HTTP answer's head that a resumable download needs (RFC 9110). Pure: parses lines into
// values; the session interprets them.
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

// RFC 9110 section 14.4; nullopt if the text is not valid or contradicts itself.
[[nodiscard]] std::optional<ContentRange> parseContentRange(std::string_view text);

// Seconds from now, of both forms that Retry-After has (section 10.2.3), at most a day.
[[nodiscard]] std::optional<std::uint32_t> parseRetryAfter(std::string_view text, std::time_t now);

struct HttpResponse {
    // A status line resets everything (redirects, 100 Continue); other lines add fields.
    void addHeaderLine(std::string_view line);

    // The strong ETag, else Last-Modified, as If-Range accepts (section 13.1.5). Empty: there is none.
    [[nodiscard]] std::string validator() const;

    // The length of the body as sent (RFC 9112, section 6.3); unknown with a transfer coding.
    [[nodiscard]] std::optional<std::uint64_t> bodyLength() const;

    // True for a Content-Length that is not a number or exceeds 2^63 - 1, or for two that differ.
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
