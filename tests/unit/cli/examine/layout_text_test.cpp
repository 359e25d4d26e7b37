// SPDX-License-Identifier: LGPL-2.1-or-later
// Each state of a probed at a layout: its words, whether a boot would find the root image, and what it needs.
#include "layout_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using State = ProbedLayout::State;

const ProbedLayout usual{State::Found, "LiveOS", "LiveOS/squashfs.img", ""};
const ProbedLayout debian{State::Elsewhere, "live-build", "live/filesystem.squashfs", ""};
const ProbedLayout ubuntu{State::NotServed, "casper", "casper/minimal.squashfs", ""};
const ProbedLayout stacked{State::NotServed, "live-build", "live/filesystem.squashfs", ""};
const ProbedLayout named{State::Found, "", "a/b/c", ""};
const ProbedLayout tree{State::RootTree, "root tree", "", ""};
const ProbedLayout none{State::None, "", "", "it is an ISO"};
const ProbedLayout unknown{State::NotKnown, "", "", "it lies behind it"};
const ProbedLayout bare{State::NotKnown, "bare", "", "it lies elsewhere"};

std::string failure(const ProbedLayout& probed) {
    const auto why = whyNotFound(probed);
    EXPECT_TRUE(!why || why->code() == ErrorCode::NotLive);
    return why ? why->what() : "";
}

TEST(LayoutText, NamesTheLayout) {
    EXPECT_EQ(layoutText(usual), "LiveOS/squashfs.img (LiveOS: KIWI, Fedora and others)");
    EXPECT_EQ(layoutText(debian), "live/filesystem.squashfs (live-build: Debian and others), with "
                                  "rd.live.dir=live rd.live.squashimg=filesystem.squashfs");
    EXPECT_EQ(layoutText(ubuntu), "casper/minimal.squashfs (casper: Ubuntu and others), not served: "
                                  "bootferry does not serve this layout");
    EXPECT_EQ(layoutText(named), "a/b/c");
    EXPECT_EQ(layoutText(tree), "root tree, without a root image");
    EXPECT_EQ(layoutText(none), "none");
    EXPECT_EQ(layoutText(unknown), "not known from the first MiB: it lies behind it");
    EXPECT_EQ(layoutText(bare), "bare, its contents are not known from the first MiB: it lies elsewhere");
}

TEST(LayoutText, SaysWhyABootWouldNotFindIt) {
    for (const auto& found : {usual, named, tree, unknown, bare}) {
        EXPECT_EQ(failure(found), "") << layoutText(found);
    }
    EXPECT_EQ(failure(debian),
              "its root image is live/filesystem.squashfs (live-build: Debian and others): a "
              "boot needs rd.live.dir=live rd.live.squashimg=filesystem.squashfs");
    EXPECT_THAT(failure(ubuntu), testing::EndsWith(": bootferry does not serve this layout"));
    EXPECT_THAT(failure(stacked), testing::EndsWith("several root images, which bootferry does not stack"));
    EXPECT_EQ(failure(none), "not a live image: it is an ISO");
}

TEST(LayoutText, WhatIsNotKnownIsNeitherLiveNorNot) {
    const auto live = [](const ProbedLayout& layout) {
        return isLive({.format = "ISO 9660", .layout = layout});
    };
    EXPECT_EQ(live(usual), true);
    EXPECT_EQ(live(ubuntu), true);
    EXPECT_EQ(live(none), false);
    EXPECT_EQ(live(bare), std::nullopt);
    EXPECT_EQ(isLive({.whyNotLive = "it is empty"}), false);
    EXPECT_EQ(isLive({.failure = Error(ErrorCode::NotFound, "404"), .layout = usual}), std::nullopt);
}

TEST(LayoutText, OnlyWhatIsNotTheDefaultNeedsArguments) {
    EXPECT_EQ(neededArguments(usual), "");
    EXPECT_EQ(neededArguments(debian), "rd.live.dir=live rd.live.squashimg=filesystem.squashfs");
    EXPECT_EQ(neededArguments(named), "rd.live.dir=a/b rd.live.squashimg=c");
    EXPECT_EQ(neededArguments({State::Found, "", "c", ""}), "rd.live.dir=/ rd.live.squashimg=c");
    EXPECT_EQ(neededArguments(ubuntu), "");
    EXPECT_EQ(neededArguments(none), "");
}

} // namespace
} // namespace bootferry
