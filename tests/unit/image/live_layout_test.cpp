// SPDX-License-Identifier: LGPL-2.1-or-later
// What the first MiB says of an image's layout, as a table; and that damaged and hostile folders are "not
// known" instead of a guess, a loop or a read behind the end. tests/integration/layout_test.py has ISOs of
// the real programs.
#include "live_layout.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iso_head.h"
#include "iso_volume.h"
#include "live_image_probe.h"

namespace bootferry {
namespace {

using State = ProbedLayout::State;
using testing::HasSubstr;

const std::string usual = "LiveOS/squashfs.img";

// An ISO with one folder, and one file in it.
IsoHead isoWith(std::string_view folder, std::string_view file, IsoNames names = IsoNames::RockRidge) {
    IsoHead iso(names);
    iso.folder(IsoHead::rootBlock, std::vector<IsoRecord>{{.name = std::string(folder),
                                                           .block = 21,
                                                           .size = IsoHead::block,
                                                           .isFolder = true,
                                                           .fields = {}}});
    iso.folder(
        21, std::vector<IsoRecord>{
                {.name = std::string(file), .block = 4000, .size = 9999, .isFolder = false, .fields = {}}});
    return iso;
}

ProbedLayout look(const IsoHead& iso, const std::string& wanted = usual) {
    return probeLayout(iso.span(), wanted);
}

TEST(LiveLayout, FindsTheWantedRootImage) {
    const auto found = look(isoWith("LiveOS", "squashfs.img"));
    EXPECT_EQ(found, (ProbedLayout{State::Found, "LiveOS", usual, ""}));
    EXPECT_EQ(look(isoWith("LiveOS", "squashfs.img", IsoNames::Joliet)).state, State::Found);
    EXPECT_EQ(look(isoWith("live", "filesystem.squashfs"), "live/filesystem.squashfs"),
              (ProbedLayout{State::Found, "live-build", "live/filesystem.squashfs", ""}));
    EXPECT_EQ(look(isoWith("a", "b"), "a/b"), (ProbedLayout{State::Found, "", "a/b", ""}));
}

// isofs compares Joliet's names without the case, and shows plain ones in lower case.
TEST(LiveLayout, ComparesNamesAsTheKernelDoes) {
    EXPECT_EQ(look(isoWith("LIVEOS", "SQUASHFS.IMG", IsoNames::Joliet)).state, State::Found);
    EXPECT_EQ(look(isoWith("LIVEOS", "SQUASHFS.IMG")).state, State::None);
    const auto plain = isoWith("LIVE", "SQUASHFS.IMG;1", IsoNames::Plain);
    EXPECT_EQ(look(plain, "live/squashfs.img").state, State::Found);
    EXPECT_EQ(look(plain, "LIVE/SQUASHFS.IMG").state, State::None);
    EXPECT_EQ(look(isoWith("LIVE", "ROOT.;1", IsoNames::Plain), "live/root").state, State::Found);
}

TEST(LiveLayout, NamesOtherLayouts) {
    EXPECT_EQ(look(isoWith("live", "filesystem.squashfs")),
              (ProbedLayout{State::Elsewhere, "live-build", "live/filesystem.squashfs", ""}));
    EXPECT_EQ(look(isoWith("LiveOS", "rootfs.img")),
              (ProbedLayout{State::Elsewhere, "LiveOS", "LiveOS/rootfs.img", ""}));
    EXPECT_EQ(look(isoWith("casper", "minimal.squashfs")),
              (ProbedLayout{State::NotServed, "casper", "casper/minimal.squashfs", ""}));
    EXPECT_EQ(look(isoWith("LiveOS", "squashfs.img"), "live/filesystem.squashfs"),
              (ProbedLayout{State::Elsewhere, "LiveOS", usual, ""}));
}

TEST(LiveLayout, SeveralRootImagesAreNotStacked) {
    auto iso = isoWith("live", "x");
    iso.folder(21,
               std::vector<IsoRecord>{{.name = "base.squashfs", .block = 40, .size = 1, .fields = {}},
                                      {.name = "filesystem.squashfs", .block = 40, .size = 1, .fields = {}}});
    EXPECT_EQ(look(iso), (ProbedLayout{State::NotServed, "live-build", "live/filesystem.squashfs", ""}));
}

TEST(LiveLayout, SaysWhatADataVolumeContains) {
    const auto none = look(isoWith("sources", "install.wim"));
    EXPECT_EQ(none.state, State::None);
    EXPECT_EQ(none.why,
              "it is an ISO 9660 volume without a live system: it has no 'LiveOS/squashfs.img', nor "
              "another known root image; its top folder contains 'sources'");
    EXPECT_THAT(look(IsoHead()).why, HasSubstr("its top folder is empty"));
    IsoHead many;
    std::vector<IsoRecord> records(20, {.name = "a\x1b[31m", .block = 30, .size = 1, .fields = {}});
    EXPECT_THAT(look(many.folder(IsoHead::rootBlock, records)).why, HasSubstr("'a [31m' and 14 more"));
}

TEST(LiveLayout, WhatTheWantedNameIsMatters) {
    auto iso = isoWith("LiveOS", "squashfs.img");
    iso.folder(21, std::vector<IsoRecord>{{.name = "squashfs.img", .block = 30, .size = 0, .fields = {}}});
    EXPECT_THAT(look(iso).why, testing::StrEq("its 'LiveOS/squashfs.img' is empty"));
    iso.folder(21, std::vector<IsoRecord>{
                       {.name = "squashfs.img", .block = 21, .size = 2048, .isFolder = true, .fields = {}}});
    EXPECT_THAT(look(iso).why, testing::StrEq("its 'LiveOS/squashfs.img' is a folder"));
    iso.folder(21,
               std::vector<IsoRecord>{{.name = "",
                                       .block = 30,
                                       .size = 1,
                                       .fields = IsoHead::nameField("squashfs.img") + "SL\x05\x01" + '\0'}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
    EXPECT_THAT(look(iso).why, HasSubstr("is a link"));
    iso = isoWith("live", "x");
    iso.folder(21, std::vector<IsoRecord>{
                       {.name = "",
                        .block = 30,
                        .size = 0,
                        .fields = IsoHead::nameField("filesystem.squashfs") + "SL\x05\x01" + '\0'}});
    EXPECT_EQ(look(iso).state, State::Elsewhere) << "a boot follows it";
}

TEST(LiveLayout, ARootTreeIsOne) {
    EXPECT_EQ(look(isoWith("usr", "x")).state, State::None);
    auto iso = isoWith("usr", "x");
    iso.folder(
        IsoHead::rootBlock,
        std::vector<IsoRecord>{{.name = "etc", .block = 21, .size = 2048, .isFolder = true, .fields = {}},
                               {.name = "init", .block = 30, .size = 5, .fields = {}}});
    EXPECT_EQ(look(iso), (ProbedLayout{State::RootTree, "root tree", "", ""}));
}

TEST(LiveLayout, WhatLiesBehindTheFirstBytesIsNotGuessed) {
    auto iso = isoWith("casper", "filesystem.squashfs");
    iso.folder(IsoHead::rootBlock,
               std::vector<IsoRecord>{
                   {.name = "LiveOS", .block = 5000, .size = 2048, .isFolder = true, .fields = {}},
                   {.name = "casper", .block = 21, .size = 2048, .isFolder = true, .fields = {}}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
    EXPECT_THAT(look(iso).why, HasSubstr("its folder 'LiveOS' lies behind it"));
    EXPECT_THAT(look(IsoHead().setRoot(100000, 2048)).why, HasSubstr("its top folder lies behind it"));
    EXPECT_EQ(look(IsoHead().setRoot(UINT32_MAX, UINT32_MAX)).state, State::NotKnown);
    EXPECT_EQ(look(IsoHead().setRoot(IsoHead::rootBlock, UINT32_MAX)).state, State::NotKnown);
    EXPECT_EQ(look(IsoHead().setRoot(IsoHead::rootBlock, 0)).state, State::None);
    EXPECT_EQ(look(isoWith("LiveOS", "squashfs.img").setRoot(IsoHead::rootBlock, UINT32_MAX)).state,
              State::Found)
        << "what is seen is there";
}

// Another matter: the server has no such bytes.
TEST(LiveLayout, WhatLiesBehindTheEndIsLost) {
    static constexpr std::uint64_t size = 5000 * IsoHead::block;
    const auto answer = [](const IsoHead& iso) { return probeLayout(iso.span(), usual, size); };
    for (const std::uint32_t place : {4999U, 5000U, 100000U}) {
        const auto iso = IsoHead().setRoot(place, place == 4999 ? 4096 : 2048);
        EXPECT_EQ(answer(iso).state, State::None) << place;
        EXPECT_EQ(answer(iso).why, "it is cut off or damaged: its top folder lies behind its end");
    }
    EXPECT_EQ(answer(IsoHead().setRoot(4999, 2048)).state, State::NotKnown);
    auto iso = isoWith("LiveOS", "squashfs.img");
    EXPECT_EQ(answer(iso).state, State::Found);
    for (const std::uint32_t place : {4990U, 5000U, 100000U}) {
        iso.folder(21, std::vector<IsoRecord>{
                           {.name = "squashfs.img", .block = place, .size = 99999, .fields = {}}});
        EXPECT_EQ(answer(iso).why, "it is cut off or damaged: its 'LiveOS/squashfs.img' lies behind its end");
        EXPECT_EQ(look(iso).state, State::Found);
    }
    iso.folder(IsoHead::rootBlock,
               std::vector<IsoRecord>{
                   {.name = "LiveOS", .block = 9999, .size = 2048, .isFolder = true, .fields = {}}});
    EXPECT_EQ(answer(iso).why, "it is cut off or damaged: its folder 'LiveOS' lies behind its end");
}

TEST(LiveLayout, ARootTreeMayHaveARootImageThatIsNotSeen) {
    auto iso = isoWith("etc", "x");
    iso.folder(IsoHead::rootBlock,
               std::vector<IsoRecord>{
                   {.name = "LiveOS", .block = 5000, .size = 2048, .isFolder = true, .fields = {}},
                   {.name = "etc", .block = 21, .size = 2048, .isFolder = true, .fields = {}},
                   {.name = "init", .block = 30, .size = 5, .fields = {}}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
}

// Joliet's folders count only if there is no Rock Ridge, which the top folder shows.
TEST(LiveLayout, AnUnseenTopFolderMayHaveRockRidge) {
    auto iso = isoWith("LIVEOS", "SQUASHFS.IMG", IsoNames::Joliet);
    iso.put(16 * IsoHead::block + 156 + 2, "\x88\x13"); // block 5000
    EXPECT_EQ(look(iso).state, State::NotKnown);
    EXPECT_THAT(look(iso).why, HasSubstr("its top folder lies behind it"));
}

TEST(LiveLayout, ARootImageMayHaveOthersBesideItThatAreNotSeen) {
    auto iso = isoWith("live", "filesystem.squashfs");
    iso.folder(
        IsoHead::rootBlock,
        std::vector<IsoRecord>{
            {.name = "live", .block = 21, .size = 4 * IsoHead::block, .isFolder = true, .fields = {}}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
    EXPECT_THAT(look(iso).why, HasSubstr("its folder 'live' lies behind it"));
}

TEST(LiveLayout, TheFilesOfUdfAreNotRead) {
    IsoHead windows;
    windows.put(18 * IsoHead::block, std::string("\0BEA01\x01", 7));
    EXPECT_EQ(look(windows).state, State::None) << "no UDF follows";
    windows.put(19 * IsoHead::block, std::string("\0NSR02\x01", 7));
    EXPECT_EQ(look(windows).state, State::NotKnown);
    EXPECT_THAT(look(windows).why, HasSubstr("UDF"));
}

TEST(LiveLayout, FoldersThatContainEachOtherAreNoLoop) {
    auto iso = isoWith("LiveOS", "x");
    iso.folder(IsoHead::rootBlock, std::vector<IsoRecord>{{.name = "a",
                                                           .block = IsoHead::rootBlock,
                                                           .size = IsoHead::block,
                                                           .isFolder = true,
                                                           .fields = {}}});
    EXPECT_EQ(look(iso, "a/a/a/a/a/a/b").state, State::None);
    std::string deep = "b";
    for (int i = 0; i < 10000; ++i) {
        deep.insert(0, "a/");
    }
    EXPECT_EQ(look(iso, deep).state, State::NotKnown);
}

TEST(LiveLayout, DamagedRecordsAreNotKnown) {
    const auto place = IsoHead::rootBlock * IsoHead::block;
    for (const char length : {'\x01', '\x20', '\x21'}) {
        EXPECT_THAT(look(IsoHead().put(place, std::string(1, length))).why, HasSubstr("is damaged"))
            << int{length};
    }
    // A record that goes on in the next block is one for the kernel as well, if the folder goes on.
    IsoHead crossing(IsoNames::Plain);
    crossing.put(place + 68, std::string(1, '\xff') + std::string(31, '\0') + '\x05');
    EXPECT_EQ(look(crossing).state, State::None);
    crossing.put(place + IsoHead::block - 10, "\x30");
    EXPECT_EQ(look(crossing.put(place + 68, std::string(IsoHead::block - 78, '\0'))).state, State::None)
        << "behind an empty record nothing of its block counts";
    IsoHead wrongBlocks;
    wrongBlocks.put(16 * IsoHead::block + 128, std::string(2, '\0'));
    EXPECT_EQ(look(wrongBlocks).state, State::NotKnown);
}

// A field that says where further ones are: block and size, and where in the block.
std::string continued(unsigned char block, unsigned char size) {
    std::string field = std::string("CE\x1c\x01", 4) + std::string(24, '\0');
    field[4] = static_cast<char>(block);
    field[20] = static_cast<char>(size);
    return field;
}

TEST(LiveLayout, ANameThatGoesOnElsewhereIsReadThere) {
    auto iso = isoWith("LiveOS", "x");
    const auto first = IsoHead::nameField("squash", '\x01') + continued(22, 11);
    iso.folder(21, std::vector<IsoRecord>{{.name = "", .block = 30, .size = 1, .fields = first}});
    iso.put(22 * IsoHead::block, IsoHead::nameField("fs.img"));
    EXPECT_EQ(look(iso).state, State::Found);
    EXPECT_EQ(look(iso, "LiveOS/squash").state, State::Elsewhere);
    iso.folder(21,
               std::vector<IsoRecord>{{.name = "",
                                       .block = 30,
                                       .size = 1,
                                       .fields = IsoHead::nameField("squash", '\x01') + continued(200, 11)}});
    EXPECT_EQ(look(iso, "LiveOS/squash").state, State::NotKnown) << "a part of a name is another name";
    EXPECT_EQ(look(iso).state, State::NotKnown);
    // Fields that continue in themselves end.
    iso.put(22 * IsoHead::block, continued(22, 28));
    iso.folder(21, std::vector<IsoRecord>{{.name = "", .block = 30, .size = 1, .fields = continued(22, 28)}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
}

TEST(LiveLayout, ANameInAnotherPlaceIsNotKnown) {
    auto iso = isoWith("LiveOS", "x");
    const auto elsewhere = continued(200, 9);
    iso.folder(21, std::vector<IsoRecord>{{.name = "", .block = 30, .size = 1, .fields = elsewhere}});
    EXPECT_EQ(look(iso).state, State::NotKnown);
    iso.folder(21, std::vector<IsoRecord>{
                       {.name = "",
                        .block = 30,
                        .size = 1,
                        .fields = IsoHead::nameField("squash", '\x01') + IsoHead::nameField("fs.img")}});
    EXPECT_EQ(look(iso).state, State::Found) << "a name in two fields";
}

// Every beginning of an image, and every byte of its folders made wrong, has an answer.
TEST(LiveLayout, EveryHeadHasAnAnswer) {
    for (const auto names : {IsoNames::Plain, IsoNames::RockRidge, IsoNames::Joliet}) {
        const auto whole = isoWith("LiveOS", "squashfs.img", names);
        for (std::size_t size = 0; size <= whole.span().size(); size += 61) {
            // A copy, so that a sanitizer sees a read behind its end.
            const std::vector<std::byte> head(whole.span().begin(),
                                              whole.span().begin() + static_cast<std::ptrdiff_t>(size));
            const auto answer = probeLayout(head, usual);
            EXPECT_TRUE(answer.state != State::NotKnown || answer.why.empty() == liveFormat(head).empty());
        }
        for (std::size_t at = 15 * IsoHead::block; at < 23 * IsoHead::block; ++at) {
            if (at % IsoHead::block > 300) {
                continue;
            }
            for (const char wrong : {'\0', '\xff'}) {
                auto damaged = whole;
                damaged.bytes()[at] = wrong;
                (void)look(damaged);
                (void)volumeLabel(damaged.span());
            }
        }
    }
}

TEST(LiveLayout, WhatIsNoVolumeIsNotRead) {
    std::string head(liveProbeSize, '\0');
    head.replace(0, 4, "hsqs");
    const auto bare = probeLayout(std::as_bytes(std::span(head)), usual);
    EXPECT_EQ(bare.state, State::NotKnown);
    EXPECT_EQ(bare.layout, "bare");
    head.replace(0, 4, "XFSB");
    EXPECT_THAT(probeLayout(std::as_bytes(std::span(head)), usual).why, HasSubstr("xfs"));
    EXPECT_EQ(probeLayout({}, usual), ProbedLayout{});
}

TEST(LayoutTable, ItsNamesAreThose) {
    for (const auto& layout : knownLayouts()) {
        EXPECT_TRUE(isLayoutName(layout.name));
        EXPECT_FALSE(layout.users.empty());
    }
    EXPECT_TRUE(isLayoutName("bare") && isLayoutName("root tree"));
    EXPECT_FALSE(isLayoutName("") || isLayoutName("casper2"));
    EXPECT_EQ(layoutOfPath(usual)->name, "LiveOS");
    EXPECT_EQ(layoutOfPath("live/.squashfs"), nullptr) << "the star stands for something";
    EXPECT_EQ(layoutOfPath("squashfs.img"), nullptr);
    EXPECT_EQ(layoutArguments("arch/x86_64/airootfs.sfs"),
              "rd.live.dir=arch/x86_64 rd.live.squashimg=airootfs.sfs");
    EXPECT_EQ(usual, std::string(defaultLiveFolder) + "/" + std::string(defaultRootImage));
}

} // namespace
} // namespace bootferry
