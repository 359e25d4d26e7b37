// SPDX-License-Identifier: LGPL-2.1-or-later
// Walking cpio archives: several, padded, truncated, damaged. tests/integration/export_test.py has compressed
// ones.
#include "initrd_contents.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

using Result = CpioWalk::Result;

std::string padded(std::string text, std::size_t unit = 4) {
    text.resize((text.size() + unit - 1) / unit * unit);
    return text;
}

std::string entry(const std::string& name, const std::string& content = "") {
    auto head = fmt::format(
        "070701{0:08x}{1:08x}{0:08x}{0:08x}{2:08x}{0:08x}{3:08x}{0:08x}{0:08x}{0:08x}{0:08x}{4:08x}{0:08x}",
        0, 0100644, 1, content.size(), name.size() + 1);
    return padded(head + name + std::string(1, '\0')) + padded(content);
}

const std::string end = entry("TRAILER!!!");

// step: how many bytes come at a time.
std::pair<Result, std::size_t> find(std::string bytes, std::size_t step = 64 * 1024) {
    std::size_t used = 0;
    CpioWalk walk([&](std::span<std::byte> into) {
        const auto size = std::min({into.size(), step, bytes.size() - used});
        std::memcpy(into.data(), bytes.data() + used, size);
        used += size;
        return size;
    });
    const auto result = walk.find("/wanted");
    return {result, walk.position()};
}

TEST(CpioWalk, FindsAPathByItsEnd) {
    for (const std::size_t step : {1U, 7U, 110U, 65536U}) {
        EXPECT_EQ(find(entry("a", "xyz") + entry("usr/wanted") + end, step).first, Result::Found);
        EXPECT_EQ(find(entry("a", "/wanted") + entry("usr/unwanted") + entry("wanted/b") + end, step).first,
                  Result::End);
    }
    EXPECT_EQ(find("").first, Result::End);
}

TEST(CpioWalk, GoesOnBehindAnEnd) {
    EXPECT_EQ(find(padded(entry("a") + end, 512) + entry("usr/wanted") + end).first, Result::Found);
    EXPECT_EQ(find(padded(entry("a") + end, 512) + end).first, Result::End);
}

TEST(CpioWalk, ReportsWhereOtherBytesBegin) {
    const auto early = padded(entry("kernel/x86/microcode/GenuineIntel.bin", "code") + end, 1024);
    const auto [result, place] = find(early + "\x1f\x8b compressed");
    EXPECT_EQ(result, Result::NotCpio);
    EXPECT_EQ(place, early.size());
    EXPECT_EQ(find("#!/bin/sh").second, 0U);
}

TEST(CpioWalk, DamagedOnesAreNotSearchedAsEmpty) {
    const auto whole = entry("a", std::string(100, 'x')) + entry("b") + end;
    EXPECT_EQ(find(whole.substr(0, 60)).first, Result::NotCpio);
    EXPECT_EQ(find(whole.substr(0, 150)).first, Result::NotCpio);
    auto name = whole;
    name.replace(6 + 11 * 8, 8, "ffffffff");
    EXPECT_EQ(find(name).first, Result::NotCpio);
    name.replace(6 + 11 * 8, 8, "nonsense");
    EXPECT_EQ(find(name).first, Result::NotCpio);
}

} // namespace
} // namespace bootferry
