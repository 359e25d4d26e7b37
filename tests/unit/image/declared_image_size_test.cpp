// SPDX-License-Identifier: LGPL-2.1-or-later
#include "declared_image_size.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

constexpr std::size_t isoDescriptor = 0x8000;
constexpr std::size_t erofs = 1024;

std::string number(std::uint64_t value, unsigned size) {
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += static_cast<char>(value >> 8 * i & 0xffU);
    }
    return text;
}

class Head {
public:
    Head& put(std::size_t offset, std::string_view text) {
        bytes_.replace(offset, text.size(), text);
        return *this;
    }

    [[nodiscard]] std::optional<std::uint64_t> declared() const { return declaredImageSize(span()); }
    [[nodiscard]] std::optional<std::uint64_t> padded() const { return paddedImageSize(span()); }
    [[nodiscard]] std::span<const std::byte> span() const { return std::as_bytes(std::span(bytes_)); }

private:
    std::string bytes_ = std::string(declaredSizeProbe, '\0');
};

Head iso(std::uint32_t blocks, std::uint16_t blockSize) {
    Head head;
    head.put(isoDescriptor, std::string("\x01") + "CD001");
    head.put(isoDescriptor + 80, number(blocks, 4));
    head.put(isoDescriptor + 128, number(blockSize, 2));
    return head;
}

Head squashfs(std::uint64_t size) {
    return Head().put(0, "hsqs").put(40, number(size, 8));
}

Head erofsOf(std::uint32_t blocks, unsigned bits) {
    return Head()
        .put(erofs, "\xe2\xe1\xf5\xe0")
        .put(erofs + 12, number(bits, 1))
        .put(erofs + 36, number(blocks, 4));
}

TEST(DeclaredImageSize, EachFormatHasItsPlace) {
    EXPECT_EQ(iso(1000, 2048).declared(), 2'048'000U);
    EXPECT_EQ(iso(1000, 512).declared(), 512'000U);
    EXPECT_EQ(squashfs(123'456'789'012).declared(), 123'456'789'012U);
    EXPECT_EQ(erofsOf(1000, 12).declared(), 4'096'000U);
}

TEST(DeclaredImageSize, OtherBytesDeclareNone) {
    EXPECT_FALSE(Head().declared());
    EXPECT_FALSE(Head().put(0, "<html>").declared());
    EXPECT_FALSE(Head().put(isoDescriptor, std::string("\x02") + "CD001").declared())
        << "not the primary one";
    EXPECT_FALSE(Head().put(1, "hsqs").declared());
}

TEST(DeclaredImageSize, AHybridIsAnIso) {
    auto head = iso(1000, 2048);
    EXPECT_EQ(head.put(0, "hsqs").put(40, number(7, 8)).declared(), 2'048'000U);
}

TEST(DeclaredImageSize, ALargeNumberDoesNotOverflow) {
    EXPECT_EQ(iso(UINT32_MAX, UINT16_MAX).declared(), std::uint64_t{UINT32_MAX} * UINT16_MAX);
    EXPECT_EQ(squashfs(UINT64_MAX).declared(), UINT64_MAX);
    EXPECT_EQ(erofsOf(UINT32_MAX, 16).declared(), std::uint64_t{UINT32_MAX} << 16U);
    for (const unsigned bits : {17U, 32U, 64U, 255U}) {
        EXPECT_FALSE(erofsOf(1, bits).declared()) << bits;
    }
}

TEST(DeclaredImageSize, ABeginningIsNotEnough) {
    const auto head = squashfs(1000);
    for (std::size_t size = 0; size < declaredSizeProbe; size += 509) {
        // A copy, so that a sanitizer sees a read behind its end.
        const std::vector<std::byte> beginning(head.span().begin(),
                                               head.span().begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(declaredImageSize(beginning));
        EXPECT_FALSE(paddedImageSize(beginning));
    }
}

TEST(DeclaredImageSize, AFileOfMksquashfsIsPaddedToFourKib) {
    EXPECT_EQ(squashfs(1).padded(), 4096U);
    EXPECT_EQ(squashfs(4097).padded(), 8192U);
    EXPECT_FALSE(squashfs(8192).padded()) << "nothing is padded";
    EXPECT_FALSE(iso(1, 512).padded()) << "an ISO is not";
    EXPECT_FALSE(Head().padded());
    EXPECT_FALSE(squashfs(UINT64_MAX).padded());
    EXPECT_FALSE(squashfs(UINT64_MAX - 4095).padded());
}

} // namespace
} // namespace bootferry
