// SPDX-License-Identifier: LGPL-2.1-or-later
// Any lines as the head of an HTTP answer or an FTP server's replies, without a network: what is believed
// can be sent again and shown, a version is the same as itself, a part lies within its file, and no URL that
// is shown has a userinfo. Much faster than http_answer, and it does not see libcurl.
#include <limits>

#include "ftp_reply.h"
#include "fuzz_input.h"
#include "http_failure.h"
#include "http_response.h"
#include "url_text.h"

using namespace bootferry;
using namespace bootferry::curl;
using fuzz::require;

namespace {

constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

void examineRange(std::string_view text) {
    const auto range = parseContentRange(text);
    if (!range) {
        return;
    }
    require(range->first.has_value() == range->last.has_value());
    require(!range->first || *range->first <= *range->last);
    require(!range->total || *range->total <= largest);
    require(!range->first || !range->total || *range->last < *range->total);
    const auto bounds =
        range->first ? std::to_string(*range->first) + "-" + std::to_string(*range->last) : "*";
    const auto total = range->total ? std::to_string(*range->total) : "*";
    require(parseContentRange("bytes " + bounds + "/" + total) == range);
}

void examineHead(const HttpResponse& head) {
    const auto validator = head.validator();
    require(validator.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    require(validator.empty() || head.versionAgainst(validator) == HttpResponse::Version::Same);
    require(ifRangeOf(validator).size() <= validator.size() && !ifRangeOf(validator).starts_with("W/"));
    require(head.versionAgainst(validator + "x") != HttpResponse::Version::Same || validator.empty());
    require(!head.bodyLength() || *head.bodyLength() <= largest);
    require(!head.contradictsItself() || !head.bodyLength());
    examineRange(head.contentRange);
    const auto wait = parseRetryAfter(head.retryAfter, 0);
    require(!wait || *wait <= 86400);
    (void)failureOfCoding(head, "/image.gz");
    for (const long status : {301L, 401L, 403L, 404L, 407L, 416L, 429L, 503L, 999L}) {
        const HttpRefusal refusal{.status = status, .page = head.location};
        require(*failureOfStatus(head, refusal).what() != '\0');
    }
}

void examineUrl(const std::string& url) {
    require(authorityOf(url).find('@') == std::string::npos);
    require(shownUrl(url).size() <= 2048);
    require(hostAndPortOf(url).size() <= url.size() + 8);
    (void)schemeOf(url);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    examineUrl("http://" + std::string(input.upTo("\n")));
    HttpResponse head;
    FtpReply reply;
    while (!input.empty()) {
        const auto line = std::string(input.upTo("\n")) + "\n";
        head.addHeaderLine(line);
        reply.addLine(line);
        (void)hasImpossibleSize(line, true);
        (void)hasImpossibleSize(line, false);
        require(reply.text().size() <= 1024);
    }
    (void)saysTooManyClients(reply.text());
    examineHead(head);
    return 0;
}
