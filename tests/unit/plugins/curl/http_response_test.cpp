// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_response.h"

#include <string>

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(ContentRangeTest, ReadsBothForms) {
    EXPECT_EQ(parseContentRange("bytes 5-9/10"), (ContentRange{.first = 5, .last = 9, .total = 10}));
    EXPECT_EQ(parseContentRange("bytes 5-9/*"), (ContentRange{.first = 5, .last = 9, .total = {}}));
    EXPECT_EQ(parseContentRange("Bytes */10 "), (ContentRange{.first = {}, .last = {}, .total = 10}));
}

TEST(ContentRangeTest, RefusesWhatContradictsItself) {
    for (const auto* text :
         {"", "bytes", "bytes ", "bytes 5-9", "bytes 9-5/10", "bytes 5-10/10", "bytes -9/10", "bytes 5-/10",
          "bytes 5-9/ten", "lines 5-9/10", "bytes 5-99999999999999999999/*", "bytes 0-0/9223372036854775808",
          "bytes 0-0/18446744073709551617"}) {
        EXPECT_FALSE(parseContentRange(text)) << text;
    }
}

TEST(RetryAfterTest, ReadsSecondsAndDates) {
    constexpr std::time_t now = 784111700; // 77 s before the date below
    EXPECT_EQ(parseRetryAfter(" 120 ", now), 120U);
    EXPECT_EQ(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now), 77U);
    EXPECT_EQ(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now + 1000), 0U);
    EXPECT_EQ(parseRetryAfter("99999999999", now), 86400U);
    EXPECT_FALSE(parseRetryAfter("soon", now));
}

TEST(HttpResponseTest, BelievesTheLastAnswer) {
    HttpResponse response;
    for (const auto* line : {"HTTP/1.1 302 Found\r\n", "ETag: \"old\"\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
                             "content-length: 12\r\n", "ACCEPT-RANGES: none\r\n", "\r\n"}) {
        response.addHeaderLine(line);
    }
    EXPECT_EQ(response.status, "200 OK");
    EXPECT_EQ(response.contentLength, 12U);
    EXPECT_TRUE(response.refusesRanges);
    EXPECT_FALSE(response.offersRanges);
    EXPECT_EQ(response.validator(), "");
    response.addHeaderLine("Accept-Ranges: bytes\r\n");
    EXPECT_TRUE(response.offersRanges);
    EXPECT_FALSE(response.refusesRanges);
}

TEST(HttpResponseTest, ALengthThatCannotBeIsSeen) {
    for (const auto* value : {"", "-1", "+1", "ten", "1.5", "0x10", "5 5", "9223372036854775808",
                              "18446744073709551615", "18446744073709551616", "18446744073709551621",
                              "99999999999999999999999", "5,6", "5,", "5, 99999999999999999999"}) {
        HttpResponse response;
        response.addHeaderLine("HTTP/1.1 200 OK\r\n");
        response.addHeaderLine(std::string("Content-Length: ") + value + "\r\n");
        EXPECT_TRUE(response.contradictsItself()) << value;
        EXPECT_FALSE(response.bodyLength()) << value;
        response.addHeaderLine("Transfer-Encoding: chunked\r\n");
        EXPECT_FALSE(response.contradictsItself()) << "it overrides " << value;
    }
}

TEST(HttpResponseTest, TwoLengthsAreOneWhereTheyAgree) {
    HttpResponse response;
    response.addHeaderLine("Content-Length: 5, 5");
    response.addHeaderLine("Content-Length: 5");
    EXPECT_FALSE(response.contradictsItself());
    EXPECT_EQ(response.bodyLength(), 5U);
    response.addHeaderLine("Content-Length: 6");
    EXPECT_TRUE(response.contradictsItself());
    response.addHeaderLine("HTTP/1.1 200 OK");
    response.addHeaderLine("Content-Length: 9223372036854775807");
    EXPECT_FALSE(response.contradictsItself()) << "the answer before is forgotten";
    EXPECT_EQ(response.bodyLength(), 9223372036854775807U);
}

TEST(HttpResponseTest, CodingsAreSeen) {
    HttpResponse response;
    response.addHeaderLine("Content-Length: 5");
    response.addHeaderLine("Transfer-Encoding: identity");
    EXPECT_EQ(response.bodyLength(), 5U);
    response.addHeaderLine("content-encoding: gzip");
    EXPECT_TRUE(response.hasContentCoding);
    EXPECT_FALSE(response.hasTransferCoding);
    response.addHeaderLine("TRANSFER-ENCODING: gzip, chunked");
    EXPECT_TRUE(response.hasTransferCoding);
    EXPECT_FALSE(response.bodyLength());
}

TEST(HttpResponseTest, AWeakETagIsNoValidator) {
    HttpResponse response;
    response.addHeaderLine("ETag: W/\"weak\"");
    response.addHeaderLine("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(response.validator(), "Sun, 06 Nov 1994 08:49:37 GMT");
    response.addHeaderLine("ETag: \"strong\"");
    EXPECT_EQ(response.validator(), "\"strong\"");
}

} // namespace
} // namespace bootferry::curl
