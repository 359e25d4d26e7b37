// SPDX-License-Identifier: LGPL-2.1-or-later
// Each codec against files of the real tools: in pieces of all sizes, complete and damaged.
#include "decoder.h"

#include <random>
#include <tuple>

#include <gtest/gtest.h>
#include <lzma.h>

#include "encoded.h"
#include "errors.h"

namespace bootferry {
namespace {

struct Way {
    const char* name;
    Codec codec;
    const char* command;
};

// Files of several streams, each from a tool that writes such files.
constexpr Way ways[] = {
    {"Gzip", Codec::Gzip, "gzip"},
    {"GzipStored", Codec::Gzip, "head -c 70000 | gzip -1 -n; gzip -9 -N"},
    {"GzipMembers", Codec::Gzip, "head -c 1 | gzip; head -c 50000 | gzip; printf '' | gzip; gzip"},
    {"GzipPadded", Codec::Gzip, "gzip; head -c 1000 /dev/zero"},
    {"Pigz", Codec::Gzip, "pigz -p 3 -b 128"},
    {"PigzIndependent", Codec::Gzip, "pigz -i -p 2 -b 128"},
    {"Xz", Codec::Xz, "xz"},
    {"XzCrc32", Codec::Xz, "xz -0 --check=crc32"},
    {"XzSha256", Codec::Xz, "xz -0 --check=sha256"},
    {"XzX86Filter", Codec::Xz, "xz --x86 --lzma2"},
    {"XzBlocks", Codec::Xz, "xz -T3 --block-size=32KiB"},
    {"XzStreams", Codec::Xz, "head -c 1 | xz; head -c 50000 | xz -T2 --block-size=16KiB; printf '' | xz; xz"},
    {"XzPadded", Codec::Xz, "head -c 1000 | xz; head -c 8 /dev/zero; xz; head -c 400 /dev/zero"},
    {"Zstd", Codec::Zstd, "zstd"},
    {"ZstdSlow", Codec::Zstd, "zstd -19"},
    {"ZstdThreads", Codec::Zstd, "zstd -T3 -B64K"},
    {"ZstdLong", Codec::Zstd, "zstd --long=27"},
    {"ZstdFrames", Codec::Zstd, "head -c 1 | zstd; head -c 50000 | zstd -1; printf '' | zstd; zstd -19"},
    {"ZstdSkippable", Codec::Zstd,
     "printf '\\120\\52\\115\\30\\3\\0\\0\\0abc'; head -c 9 | zstd; printf '\\137\\52\\115\\30\\0\\0\\0\\0'; "
     "zstd"},
};

// Half of it is compressible.
std::string someText(std::size_t size) {
    std::mt19937 random(4);
    std::string text;
    while (text.size() < size) {
        for (int i = 0; i < 100; ++i) {
            text += static_cast<char>(random());
        }
        text += std::string(100, 'x');
    }
    text.resize(size);
    return text;
}

// Decodes as a caller does, with this much input and output at a time.
std::string decoded(Codec codec, std::string_view text, std::size_t inputSize = SIZE_MAX,
                    std::size_t outputSize = std::size_t{1} << 20U) {
    const auto decoder = makeDecoder(codec);
    std::string result;
    std::string output(outputSize, '\0');
    for (;;) {
        auto input = text.substr(0, inputSize);
        text.remove_prefix(input.size());
        DecoderStep step;
        do {
            step = decoder->decode(std::as_bytes(std::span(input)), std::as_writable_bytes(std::span(output)),
                                   text.empty());
            input.remove_prefix(step.consumed);
            result += output.substr(0, step.produced);
        } while (step.consumed > 0 || step.produced > 0);
        EXPECT_TRUE(input.empty());
        if (text.empty()) {
            return result;
        }
    }
}

Error failure(Codec codec, std::string_view text) {
    try {
        (void)decoded(codec, text, 4096);
    } catch (const Error& error) {
        return error;
    }
    return {ErrorCode::Internal, "nothing was thrown"};
}

class DecoderTest : public testing::TestWithParam<Way> {
protected:
    [[nodiscard]] static std::string made(std::size_t size) {
        return encoded(GetParam().command, someText(size));
    }
};

// Compares without printing megabytes.
void expectSame(const std::string& left, const std::string& right) {
    EXPECT_EQ(left.size(), right.size());
    EXPECT_TRUE(left == right);
}

TEST_P(DecoderTest, IsRecognisedByItsMagic) {
    const auto file = made(1000);
    EXPECT_EQ(recogniseCodec(std::as_bytes(std::span(file))), GetParam().codec);
    EXPECT_EQ(recogniseCodec(std::as_bytes(std::span(file).first(codecMagicSize))), GetParam().codec);
}

TEST_P(DecoderTest, DecodesInPiecesOfAnySize) {
    const auto text = someText(120000);
    const auto file = made(text.size());
    for (const auto& [in, out] : {std::tuple{SIZE_MAX, std::size_t{1} << 20U},
                                  {4096, 65536},
                                  {1, 4096},
                                  {7777, 1},
                                  {SIZE_MAX, 300000},
                                  {SIZE_MAX, 100000}}) {
        SCOPED_TRACE(testing::Message() << in << " in, " << out << " out");
        expectSame(decoded(GetParam().codec, file, in, out), text);
    }
}

TEST_P(DecoderTest, DecodesAnEmptyFile) {
    EXPECT_EQ(decoded(GetParam().codec, made(0)), "");
}

TEST_P(DecoderTest, NamesTheByteWhereATruncatedFileEnds) {
    // Long enough for the cut to be in data, not between two streams or in padding.
    const auto file = made(120000);
    for (const auto length : {file.size() / 2, file.size() - 1100}) {
        const auto error = failure(GetParam().codec, file.substr(0, length));
        EXPECT_EQ(error.code(), ErrorCode::Corrupt) << error.what();
        EXPECT_NE(
            std::string(error.what()).find("at byte " + std::to_string(length) + ": it ends in the middle"),
            std::string::npos)
            << error.what();
    }
}

TEST_P(DecoderTest, DetectsAFlippedBit) {
    const auto file = made(120000);
    for (int i = 1; i < 8; ++i) {
        auto flipped = file;
        flipped[file.size() / 8 * static_cast<std::size_t>(i)] ^= 0x20;
        const auto error = failure(GetParam().codec, flipped);
        EXPECT_EQ(error.code(), ErrorCode::Corrupt) << "at " << i << "/8: " << error.what();
        EXPECT_NE(std::string(error.what()).find(codecName(GetParam().codec)), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Tools, DecoderTest, testing::ValuesIn(ways),
                         [](const auto& way) { return way.param.name; });

TEST(Decoder, TreatsTrailingDataAsTheToolsDo) {
    const auto text = someText(5000);
    EXPECT_EQ(decoded(Codec::Gzip, encoded("gzip; printf garbage", text)), text);
    EXPECT_EQ(decoded(Codec::Gzip, encoded("gzip; printf '\\37'", text), 1), text);
    EXPECT_EQ(decoded(Codec::Gzip, encoded("gzip; printf '\\37\\37\\213'", text), 1), text);
    EXPECT_EQ(failure(Codec::Xz, encoded("xz; printf 'garbage garbage'", text)).code(), ErrorCode::Corrupt);
    EXPECT_EQ(failure(Codec::Xz, encoded("xz; printf '\\0\\0\\0'", text)).code(), ErrorCode::Corrupt);
    EXPECT_EQ(failure(Codec::Zstd, encoded("zstd; printf garbage", text)).code(), ErrorCode::Corrupt);
    EXPECT_EQ(failure(Codec::Zstd, encoded("zstd; printf '\\0\\0\\0\\0'", text)).code(), ErrorCode::Corrupt);
}

TEST(Decoder, RefusesAZstdWindowAboveTheLimit) {
    const auto error = failure(Codec::Zstd, encoded("zstd --long=28", someText(1000)));
    EXPECT_EQ(error.code(), ErrorCode::TooLarge);
    EXPECT_NE(std::string(error.what()).find("128 MiB"), std::string::npos) << error.what();
}

// No test machine has the memory to create such a file, so the test overwrites the dictionary size (.xz
// format, 3.1 and 5.3.1).
TEST(Decoder, RefusesAnXzDictionaryAboveTheLimit) {
    auto file = encoded("xz -0", someText(1000));
    constexpr std::size_t block = 12;
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(file[block]) + 1) * 4;
    // Before the filter are the sizes of the block, which xz writes from 5.6 on: each ends with a byte below
    // 0x80.
    std::size_t filter = block + 2;
    for (const unsigned sizeIsThere : {0x40U, 0x80U}) {
        if ((static_cast<unsigned char>(file[block + 1]) & sizeIsThere) != 0) {
            while ((static_cast<unsigned char>(file[filter++]) & 0x80U) != 0) {
            }
        }
    }
    ASSERT_EQ(file.substr(filter, 2), "\x21\x01");
    file[filter + 2] = 40; // 4 GiB - 1
    const auto crc = ::lzma_crc32(reinterpret_cast<const std::uint8_t*>(file.data()) + block, size - 4, 0);
    for (unsigned i = 0; i < 4; ++i) {
        file[block + size - 4 + i] = static_cast<char>(crc >> (8 * i));
    }
    const auto error = failure(Codec::Xz, file);
    EXPECT_EQ(error.code(), ErrorCode::TooLarge);
    EXPECT_NE(std::string(error.what()).find("takes more memory than"), std::string::npos) << error.what();
}

TEST(Decoder, ReadsTheDeclaredSizeFromZstdsHeader) {
    const auto text = someText(100000);
    const auto decoder = makeDecoder(Codec::Zstd);
    std::string output(10, '\0');
    const auto file = encoded("zstd --stream-size=100000", text);
    EXPECT_EQ(decoder->declaredSize(), std::nullopt);
    (void)decoder->decode(std::as_bytes(std::span(file)), std::as_writable_bytes(std::span(output)), true);
    EXPECT_EQ(decoder->declaredSize(), text.size());
}

TEST(Codec, IsNotGuessedFromSimilarBytes) {
    for (const std::string text : {"", "\x1f", "\x1f\x8b", "\x1f\x8b\x07", "BZh9", "hsqs", "\x28\xb5\x2f"}) {
        EXPECT_EQ(recogniseCodec(std::as_bytes(std::span(text))), std::nullopt);
    }
}

} // namespace
} // namespace bootferry
