// SPDX-License-Identifier: LGPL-2.1-or-later
// What a volume answers, and that damaged and hostile bytes end in "not known". live_layout_test.cpp has more
// of both, as the layouts need it.
#include "iso_volume.h"

#include <gtest/gtest.h>

#include "iso_head.h"

namespace bootferry {
namespace {

using Kind = IsoVolume::Kind;

constexpr std::uint32_t folderBlock = 21;

IsoRecord folderAt(std::string name, std::uint32_t block) {
    return {.name = std::move(name), .block = block, .size = IsoHead::block, .isFolder = true, .fields = {}};
}

IsoRecord fileAt(std::string name, std::uint32_t block, std::uint32_t size) {
    return {.name = std::move(name), .block = block, .size = size, .isFolder = false, .fields = {}};
}

// /boot/linux, and /readme beside the folder.
IsoHead volumeWith(IsoNames names) {
    IsoHead iso(names);
    iso.folder(IsoHead::rootBlock, std::vector{folderAt("boot", folderBlock), fileAt("readme", 23, 5)});
    iso.folder(folderBlock, std::vector{fileAt("linux", 4000, 9999)});
    return iso;
}

TEST(IsoVolume, AnswersWhereAFileLies) {
    for (const auto names : {IsoNames::Plain, IsoNames::RockRidge, IsoNames::Joliet}) {
        const auto iso = volumeWith(names);
        const auto volume = IsoVolume::in(iso.span());
        ASSERT_TRUE(volume);
        for (const auto* path : {"boot/linux", "/boot//linux", "boot/linux/"}) {
            const auto found = volume->find(path).found;
            ASSERT_TRUE(found) << path;
            EXPECT_EQ(found->kind, Kind::File);
            EXPECT_EQ(found->place, 4000 * IsoHead::block);
            EXPECT_EQ(found->size, 9999U);
        }
        EXPECT_EQ(volume->find("boot").found->kind, Kind::Folder);
        EXPECT_EQ(volume->find("").found->kind, Kind::Folder);
    }
}

TEST(IsoVolume, WhatIsNotThereIsKnown) {
    const auto iso = volumeWith(IsoNames::RockRidge);
    const auto volume = IsoVolume::in(iso.span());
    for (const auto* path : {"linux", "boot/readme", "readme/linux", "BOOT", "..", "boot/../boot"}) {
        const auto lookup = volume->find(path);
        EXPECT_FALSE(lookup.found) << path;
        EXPECT_EQ(lookup.unknown, "") << path;
    }
}

TEST(IsoVolume, ListsAFolderWithoutItselfAndItsParent) {
    const auto iso = volumeWith(IsoNames::RockRidge);
    const auto volume = IsoVolume::in(iso.span());
    const auto listed = volume->list(*volume->find("").found, "");
    ASSERT_EQ(listed.entries.size(), 2U);
    EXPECT_EQ(listed.entries[0].name, "boot");
    EXPECT_EQ(listed.entries[1].name, "readme");
    EXPECT_EQ(listed.unknown, "");
}

TEST(IsoVolume, TheLabelEndsBeforeItsPadding) {
    auto iso = volumeWith(IsoNames::Plain);
    EXPECT_EQ(IsoVolume::in(iso.span())->label(), "CDROM");
    iso.put(16 * IsoHead::block + 40, std::string(32, ' '));
    EXPECT_EQ(IsoVolume::in(iso.span())->label(), "");
    iso.put(16 * IsoHead::block + 40, std::string(32, 'x'));
    EXPECT_EQ(IsoVolume::in(iso.span())->label(), std::string(32, 'x'));
}

TEST(IsoVolume, TheEndOfTheImageIsComparedWithoutOverflow) {
    const auto iso = volumeWith(IsoNames::Plain);
    const auto volume = IsoVolume::in(iso.span(), 100);
    EXPECT_FALSE(volume->isBehindEnd({.name = "", .place = 90, .size = 10}));
    EXPECT_TRUE(volume->isBehindEnd({.name = "", .place = 91, .size = 10}));
    EXPECT_TRUE(volume->isBehindEnd({.name = "", .place = 101, .size = 0}));
    EXPECT_TRUE(volume->isBehindEnd({.name = "", .place = 1, .size = UINT64_MAX}));
    EXPECT_FALSE(IsoVolume::in(iso.span())->isBehindEnd({.name = "", .place = 1, .size = UINT64_MAX}));
}

TEST(IsoVolume, OtherBytesAreNoVolume) {
    EXPECT_FALSE(IsoVolume::in({}));
    const std::vector<std::byte> zeros(IsoHead::block * 24);
    EXPECT_FALSE(IsoVolume::in(zeros));
    auto iso = volumeWith(IsoNames::Plain);
    EXPECT_FALSE(IsoVolume::in(iso.span().first(17 * IsoHead::block - 1))) << "cut in the descriptor";
    iso.put(16 * IsoHead::block, "\x02"); // not the primary one
    EXPECT_FALSE(IsoVolume::in(iso.span()));
}

TEST(IsoVolume, AVolumeWhoseBlocksHaveAnotherSizeIsNotKnown) {
    for (const char high : {'\0', '\x01', '\x10', '\xff'}) {
        auto iso = volumeWith(IsoNames::RockRidge);
        iso.put(16 * IsoHead::block + 128, std::string{'\0', high});
        const auto lookup = IsoVolume::in(iso.span())->find("readme");
        EXPECT_FALSE(lookup.found);
        EXPECT_EQ(lookup.unknown, "its block size is invalid");
    }
}

// Each number of a record of the top folder at its largest: nothing is read behind the end.
TEST(IsoVolume, NumbersOfARecordMayBeAnything) {
    const auto place = IsoHead::rootBlock * IsoHead::block;
    for (std::size_t offset = 0; offset < 3 * 68; ++offset) {
        auto iso = volumeWith(IsoNames::RockRidge);
        iso.put(place + offset, "\xff\xff\xff\xff");
        const std::vector<std::byte> head(iso.span().begin(), iso.span().end());
        const auto volume = IsoVolume::in(head);
        ASSERT_TRUE(volume);
        (void)volume->find("boot/linux");
        (void)volume->list(*volume->find("").found, "");
    }
}

TEST(IsoVolume, ALinkIsNotFollowed) {
    auto iso = volumeWith(IsoNames::RockRidge);
    auto link = fileAt("", 30, 0);
    link.fields = IsoHead::nameField("boot") + std::string("SL\x05\x01\0", 5);
    iso.folder(IsoHead::rootBlock, std::vector{link});
    const auto volume = IsoVolume::in(iso.span());
    EXPECT_EQ(volume->find("boot").found->kind, Kind::Link);
    EXPECT_EQ(volume->find("boot/linux").unknown, "its 'boot' is a link");
}

} // namespace
} // namespace bootferry
