// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_response.h"

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
          "bytes 5-9/ten", "lines 5-9/10", "bytes 5-99999999999999999999/*"}) {
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
