// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verity_table.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "boot_request.h"
#include "errors.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;

const std::string hash(64, 'a');
const std::string kiwi =
    fmt::format("verityroot PLACEHOLDER PLACEHOLDER {} hash-offset=8192,hash-block-size=4096\n", hash);
const std::string root = "root=live:CDLABEL=CDROM ";

KernelCommandLine lineWith(const std::string& text, const std::string& table) {
    return withVerityTable(KernelCommandLine::parse(text), table);
}

std::string refusalOf(const std::string& table) {
    try {
        (void)lineWith(root, table);
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "accepted: " << table;
    return "";
}

std::string valueOf(const KernelCommandLine& line, std::string_view name) {
    const auto* argument = line.find(name);
    return argument != nullptr ? argument->value.value_or("") : "";
}

TEST(VerityTable, IsReadAsIfItWereOnTheLine) {
    const auto uuid = fmt::format("# a remark\n\nverityroot UUID=1 UUID=1 {} hash-offset=8192\n", hash);
    for (const auto& table : {kiwi, uuid, "other /dev/sda /dev/sdb 00\n" + kiwi}) {
        const auto line = lineWith(root, table);
        EXPECT_EQ(valueOf(line, "rd.bootferry.roothash"), hash);
        EXPECT_EQ(valueOf(line, "rd.bootferry.verity"), "hash-offset:8192");
        EXPECT_EQ(line.find("rd.kiwi.verity_options"), nullptr);
    }
}

#if BOOTFERRY_VERITY
TEST(VerityTable, MakesARequest) {
    const auto request = parseBootRequest(lineWith(root, kiwi)).value();
    EXPECT_EQ(request.verity.rootHash, hash);
    EXPECT_EQ(request.verity.offset, 8192U);
}
#endif

TEST(VerityTable, OptionsOfTheLineComeBehindItsOwn) {
    const auto table = fmt::format("verityroot x x {} panic-on-corruption,hash-offset=512", hash);
    EXPECT_EQ(valueOf(lineWith(root, table), "rd.kiwi.verity_options"), "panic-on-corruption");
    EXPECT_EQ(valueOf(lineWith(root + "rd.kiwi.verity_options=check-at-most-once", table),
                      "rd.kiwi.verity_options"),
              "panic-on-corruption,check-at-most-once");
    EXPECT_EQ(
        valueOf(lineWith(root + "rd.kiwi.verity_options=check-at-most-once", kiwi), "rd.kiwi.verity_options"),
        "check-at-most-once");
}

TEST(VerityTable, OtherEntriesAreNotOurs) {
    for (const std::string table :
         {"", "usr /dev/sda1 /dev/sda2 00", "# verityroot x x 00", "verityroot2 a b c"}) {
        EXPECT_EQ(lineWith(root, table).arguments().size(), 1U) << table;
    }
}

TEST(VerityTable, ARootHashOnTheLineHasPrecedence) {
    const auto line = lineWith(root + "rd.bootferry.roothash=" + std::string(64, 'b'), kiwi);
    EXPECT_EQ(valueOf(line, "rd.bootferry.roothash"), std::string(64, 'b'));
    EXPECT_NE(valueOf(line, "rd.bootferry.verity").find("hash-offset:"), std::string::npos);
    EXPECT_EQ(valueOf(lineWith(root + "rd.bootferry.roothash=" + hash,
                               "verityroot PLACEHOLDER PLACEHOLDER " + hash +
                                   " hash-offset=4096,panic-on-corruption"),
                      "rd.kiwi.verity_options"),
              "panic-on-corruption");
    EXPECT_EQ(lineWith(root + "rd.bootferry.roothash=" + hash, "verityroot").arguments().size(), 2U);
}

TEST(VerityTable, WhereTheTreeOfAnotherImageIsItDoesNotSay) {
    const std::string remote = "root=live:http://h/live.iso rd.bootferry.roothash=";
    const auto table = "verityroot x x " + hash + " hash-offset=4096,panic-on-corruption";
    const auto other = lineWith(remote + std::string(64, 'b'), table);
    EXPECT_EQ(other.find("rd.bootferry.verity"), nullptr);
    EXPECT_EQ(other.find("rd.kiwi.verity_options"), nullptr);
    const auto same = lineWith(remote + std::string(64, 'A'), table);
    EXPECT_EQ(valueOf(same, "rd.bootferry.verity"), "hash-offset:4096");
    EXPECT_EQ(valueOf(same, "rd.kiwi.verity_options"), "panic-on-corruption");
    EXPECT_EQ(valueOf(lineWith("root=live:http://h/live.iso", table), "rd.bootferry.roothash"), hash);
}

TEST(VerityTable, KnowsWhetherTheLineHasAnotherRootHash) {
    const auto overrides = [](const std::string& words, const std::string& table) {
        return overridesVerityTable(KernelCommandLine::parse(root + words), table);
    };
    EXPECT_TRUE(overrides("rd.bootferry.roothash=" + std::string(64, 'b'), kiwi));
    EXPECT_TRUE(overrides("rd.bootferry.roothash=" + hash, "verityroot"));
    EXPECT_FALSE(overrides("rd.bootferry.roothash=" + std::string(64, 'A'), kiwi)) << "the same one";
    EXPECT_FALSE(overrides("rd.bootferry.roothash=" + hash, "other x x 00"));
    EXPECT_FALSE(overrides("", kiwi));
}

TEST(VerityTable, APlaceOfTheTreeOnTheLineHasPrecedence) {
    const auto line = lineWith(root + "rd.bootferry.verity=http://h/tree", kiwi);
    EXPECT_EQ(valueOf(line, "rd.bootferry.roothash"), hash);
    EXPECT_EQ(valueOf(line, "rd.bootferry.verity"), "http://h/tree");
}

TEST(VerityTable, WhatIsNotServedIsRefusedAndNamesTheTable) {
    const std::string entry = "verityroot x x ";
    const std::vector<std::string> tables{"verityroot",
                                          "verityroot /dev/sda /dev/sdb " + hash + " hash-offset=512",
                                          entry + "0123 hash-offset=512",
                                          entry + hash,
                                          entry + hash + " hash-offset=1",
                                          entry + hash + " hash-offset=512,ignore-corruption",
                                          entry + hash + " hash-offset=512,fec-device=/dev/sdc"};
    for (const auto& table : tables) {
        EXPECT_THAT(refusalOf(table), HasSubstr("/etc/veritytab")) << table;
    }
}

} // namespace
} // namespace bootferry
