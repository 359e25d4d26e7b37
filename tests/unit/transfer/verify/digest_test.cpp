// SPDX-License-Identifier: LGPL-2.1-or-later
// Known answers from FIPS 180-4's examples ("abc").
#include "digest.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr const char* abcSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST(Digest, ComputesKnownAnswersInPieces) {
    Digest digest("sha256");
    digest.update(bytes("something else"));
    digest.reset();
    digest.update(bytes("a"));
    digest.update(bytes("bc"));
    EXPECT_EQ(digest.finish().text(), std::string("sha256:") + abcSha256);
    EXPECT_EQ(Digest("sha512").finish().hex.size(), 128U);
}

TEST(Checksum, ParsesWhatItPrints) {
    const auto checksum =
        Checksum::parse("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    EXPECT_EQ(checksum.hex, abcSha256);
    for (const char* bad : {"", "sha256", "sha256:", "sha256:12", "md5:d41d8cd98f00b204e9800998ecf8427e",
                            "sha256:zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}) {
        EXPECT_THROW((void)Checksum::parse(bad), Error) << bad;
    }
}

} // namespace
} // namespace bootferry
