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

// The value of If-Range for a validator (section 13.1.5).
[[nodiscard]] std::string_view ifRangeOf(std::string_view validator);

// Does it change whenever the bytes change? A time does not, nor does the tag of a file that the server may
// have compressed in another way.
[[nodiscard]] bool isStrongValidator(std::string_view validator);

struct HttpResponse {
    // A status line resets everything (redirects, 100 Continue); other lines add fields. Line ends and NUL
    // within a line count as spaces.
    void addHeaderLine(std::string_view received);

    // What identifies this version: a strong ETag, else Last-Modified and a weak ETag. Last-Modified counts
    // only if it is older than Date: otherwise the file may change again within that second (section
    // 8.8.2.2). With the content coding, which a tag may be the same for. Empty: nothing does.
    [[nodiscard]] std::string validator() const;

    enum class Version { Same, Other, OtherCoding, NotShown };
    // Compares with an earlier answer's validator. An answer with a part may lack some of its fields.
    [[nodiscard]] Version versionAgainst(std::string_view earlier) const;

    [[nodiscard]] std::string coding() const; // in lower case; empty: none

    // The length of the body as sent (RFC 9112, section 6.3); unknown with a transfer coding.
    [[nodiscard]] std::optional<std::uint64_t> bodyLength() const;

    // True for a Content-Length that is not a number or exceeds 2^63 - 1, or for two that differ.
    [[nodiscard]] bool contradictsItself() const { return lengthIsWrong && !hasTransferCoding; }

    std::string status; // "404 Not Found"
    std::string etag;
    std::string lastModified;
    std::string date;
    std::string contentRange;
    std::string retryAfter;
    std::string location;
    std::string contentCoding; // of all lines, with commas
    // The first transfer coding but chunked. libcurl decodes gzip and deflate unasked, and takes the end of
    // the connection for that of the stream. Empty: there is none.
    std::string transferCoding;
    bool hasTag = false;
    bool tagsDiffer = false; // two lines: neither identifies anything
    std::optional<std::uint64_t> contentLength;
    bool refusesRanges = false; // Accept-Ranges: none
    bool offersRanges = false;  // Accept-Ranges: bytes
    bool lengthIsWrong = false;
    // A field that says where the body ends has a blank before its colon, or goes on in the next line (RFC
    // 9112, sections 5.1 and 5.2): libcurl does not know it, and reads to the end of the connection.
    bool framingIsUnclear = false;
    bool hasEnded = false;          // the head: the empty line came
    std::uint64_t trailerBytes = 0; // of the fields after the last chunk, which are ignored
    bool keepsConnection = false;   // Connection: keep-alive
    bool hasParts = false;          // the body is multipart/byteranges (RFC 9110, section 14.6)
    bool hasStatusLine = false;     // false: the answer is not HTTP, or HTTP/0.9
    bool hasTransferCoding = false;
    bool hasContentCoding = false;
    bool isChunked = false; // the last transfer coding: the end of the body is marked

private:
    bool lastFrames_ = false; // the last line is of such a field
    void addCleanLine(std::string_view line);
    void addContentLength(std::string_view value);
    void addTransferCodings(std::string_view value);
    [[nodiscard]] std::string validatorWithoutCoding() const;
    [[nodiscard]] Version versionOfFileAgainst(std::string_view earlier) const;
};

} // namespace bootferry::curl
