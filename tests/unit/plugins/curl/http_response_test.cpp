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
                             "content-length: 12\r\n", "ACCEPT-RANGES: none\r\n"}) {
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

TEST(HttpResponseTest, AHeadEndsWithAnEmptyLine) {
    HttpResponse response;
    for (const auto* line :
         {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "X: y\r\n"}) {
        response.addHeaderLine(line);
        EXPECT_FALSE(response.hasEnded) << line;
    }
    response.addHeaderLine("\r\n");
    EXPECT_TRUE(response.hasEnded);
    response.addHeaderLine("HTTP/1.0 200 OK\n");
    EXPECT_FALSE(response.hasEnded) << "that was a redirect";
    response.addHeaderLine("\n");
    EXPECT_TRUE(response.hasEnded);
}

TEST(HttpResponseTest, TrailerFieldsAreIgnoredAndCounted) {
    HttpResponse response;
    for (const auto* line : {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"}) {
        response.addHeaderLine(line);
    }
    EXPECT_EQ(response.trailerBytes, 0);
    response.addHeaderLine("ETag: \"later\"\r\n");
    EXPECT_EQ(response.trailerBytes, 15);
    EXPECT_EQ(response.etag, "");
}

TEST(HttpResponseTest, TheFirstTransferCodingButChunked) {
    const auto codingOf = [](std::initializer_list<const char*> lines) {
        HttpResponse response;
        for (const auto* line : lines) {
            response.addHeaderLine(line);
        }
        return response.transferCoding;
    };
    EXPECT_EQ(codingOf({"Transfer-Encoding: chunked"}), "");
    EXPECT_EQ(codingOf({"Transfer-Encoding: Identity"}), "");
    EXPECT_EQ(codingOf({"Transfer-Encoding: gzip , chunked"}), "gzip");
    EXPECT_EQ(codingOf({"Transfer-Encoding: deflate", "Transfer-Encoding: chunked"}), "deflate");
    EXPECT_EQ(codingOf({"Transfer-Encoding: chunked,x-gzip"}), "x-gzip");
}

HttpResponse answer(std::initializer_list<const char*> lines) {
    HttpResponse response;
    for (const auto* line : lines) {
        response.addHeaderLine(line);
    }
    return response;
}

constexpr const char* modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* sameSecond = "Date: Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* later = "Date: Sun, 06 Nov 1994 08:49:38 GMT";

TEST(HttpResponseTest, AValidatorIdentifiesAVersion) {
    EXPECT_EQ(answer({}).validator(), "");
    EXPECT_EQ(answer({"ETag: \"strong\"", modified, later}).validator(), "\"strong\"");
    EXPECT_EQ(answer({modified, later}).validator(), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(answer({modified, later, "ETag: W/\"weak\""}).validator(),
              "Sun, 06 Nov 1994 08:49:37 GMT W/\"weak\"");
    EXPECT_EQ(answer({modified, sameSecond}).validator(), "") << "it may change again within this second";
    EXPECT_EQ(answer({modified, sameSecond, "ETag: W/\"weak\""}).validator(), "");
    EXPECT_EQ(answer({modified}).validator(), "");
    EXPECT_EQ(answer({"ETag: W/\"weak\"", later}).validator(), "");
}

TEST(HttpResponseTest, ATagWithoutQuotesIsNone) {
    const auto now = answer({"ETag: 5f3-2a", modified, later});
    EXPECT_EQ(now.validator(), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(now.versionAgainst(now.validator()), HttpResponse::Version::Same);
}

TEST(HttpResponseTest, ATagThatIsEmptyOrOneOfTwoIsNone) {
    for (const auto* empty : {"ETag: \"\"", "ETag: W/\"\"", "ETag: \"", "ETag:", "ETag: \"open"}) {
        EXPECT_EQ(answer({empty}).validator(), "") << empty;
    }
    EXPECT_EQ(answer({"ETag: \"1\"", "ETag: \"2\""}).validator(), "");
    EXPECT_EQ(answer({"ETag: \"1\"", "ETag: \"2\"", "ETag: \"2\""}).validator(), "");
    EXPECT_EQ(answer({"ETag: \"1\"", "ETag: x"}).validator(), "");
    EXPECT_EQ(answer({"ETag: \"1\"", "ETag: \"1\""}).validator(), "\"1\"");
    EXPECT_EQ(answer({"ETag: \"1\"", "ETag: \"2\""}).versionAgainst("\"2\""),
              HttpResponse::Version::NotShown);
}

TEST(HttpResponseTest, OnlyAStrongTagIsAProof) {
    EXPECT_TRUE(isStrongValidator("\"1\""));
    EXPECT_TRUE(isStrongValidator(answer({"ETag: \"1\"", "Content-Encoding: identity"}).validator()));
    for (const auto& weak :
         {answer({}), answer({modified, later}), answer({modified, later, "ETag: W/\"1\""}),
          answer({"ETag: \"1\"", "Content-Encoding: gzip"})}) {
        EXPECT_FALSE(isStrongValidator(weak.validator())) << weak.validator();
    }
}

// A tag may be the same for the file and for what a server makes of it on the way.
TEST(HttpResponseTest, APartInAnotherCodingDoesNotContinue) {
    using Version = HttpResponse::Version;
    const auto plain = answer({"ETag: \"1\""});
    const auto coded = answer({"ETag: \"1\"", "Content-Encoding: gzip"});
    const auto named = answer({"ETag: \"1\"", "Content-Encoding: X-GZIP"});
    const auto changed = answer({"ETag: \"2\"", "Content-Encoding: gzip"});
    EXPECT_EQ(ifRangeOf(coded.validator()), "\"1\"");
    EXPECT_EQ(coded.versionAgainst(plain.validator()), Version::OtherCoding);
    EXPECT_EQ(coded.versionAgainst(coded.validator()), Version::Same);
    EXPECT_EQ(named.versionAgainst(coded.validator()), Version::Same);
    EXPECT_EQ(changed.versionAgainst(coded.validator()), Version::Other);
    EXPECT_EQ(plain.versionAgainst(coded.validator()), Version::NotShown) << "a part may omit it";
    EXPECT_EQ(answer({"Content-Encoding: gzip"}).validator(), "");
    const auto dated = answer({modified, later, "Content-Encoding: zstd"});
    EXPECT_EQ(ifRangeOf(dated.validator()), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(dated.versionAgainst(dated.validator()), Version::Same);
}

TEST(HttpResponseTest, ALineEndWithinAValueIsASpace) {
    HttpResponse response;
    response.addHeaderLine("HTTP/1.1 200 OK\r\n");
    response.addHeaderLine({"ETag: \"v\rIf: x\0y\"\r\n", 19});
    EXPECT_EQ(response.validator(), "\"v If: x y\"");
}

TEST(HttpResponseTest, IfRangeHasNoWeakETag) {
    EXPECT_EQ(ifRangeOf("\"a W/b\""), "\"a W/b\"");
    EXPECT_EQ(ifRangeOf("Sun, 06 Nov 1994 08:49:37 GMT"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(ifRangeOf("Sun, 06 Nov 1994 08:49:37 GMT W/\"weak\""), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpResponseTest, APartIsOfTheSameVersionOrAnotherOrDoesNotShowIt) {
    using Version = HttpResponse::Version;
    constexpr const char* date = "Sun, 06 Nov 1994 08:49:37 GMT";
    constexpr const char* both = "Sun, 06 Nov 1994 08:49:37 GMT W/\"1\"";
    constexpr const char* otherDate = "Last-Modified: Sun, 06 Nov 1994 08:49:39 GMT";
    const struct {
        const char* earlier;
        HttpResponse now;
        Version version;
    } table[] = {
        // clang-format off
        {"\"1\"", answer({"ETag: \"1\""}),               Version::Same},
        {"\"1\"", answer({"ETag: \"1\"", otherDate}),    Version::Same},
        {"\"1\"", answer({"ETag: \"2\"", modified}),     Version::Other},
        {"\"1\"", answer({"ETag: W/\"2\"", modified}),   Version::Other},
        {"\"1\"", answer({"ETag: W/\"1\"", modified}),   Version::NotShown},
        {"\"1\"", answer({modified, later}),             Version::NotShown},
        {"\"1\"", answer({}),                            Version::NotShown},
        {date,    answer({modified}),                    Version::Same},
        {date,    answer({modified, "ETag: \"1\""}),     Version::Same},
        {date,    answer({otherDate}),                   Version::Other},
        {date,    answer({"ETag: \"1\""}),               Version::NotShown},
        {both,    answer({modified, "ETag: W/\"1\""}),   Version::Same},
        {both,    answer({modified, "ETag: W/\"2\""}),   Version::Other},
        {both,    answer({otherDate, "ETag: W/\"1\""}),  Version::Other},
        {both,    answer({"ETag: W/\"2\""}),             Version::Other},
        {both,    answer({"ETag: W/\"1\""}),             Version::NotShown},
        {both,    answer({modified}),                    Version::NotShown},
        // clang-format on
    };
    for (const auto& [earlier, now, version] : table) {
        EXPECT_EQ(now.versionAgainst(earlier), version)
            << earlier << " against " << now.etag << " " << now.lastModified;
    }
}

} // namespace
} // namespace bootferry::curl
