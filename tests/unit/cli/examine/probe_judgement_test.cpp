// SPDX-License-Identifier: LGPL-2.1-or-later
// The conclusions from a probe, as a table: the rules of the pipeline and of mirrors.
#include "probe_judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProbedSource live() {
    return {.size = 1000, .validator = "v", .resumable = true, .format = "squashfs", .declared = 990};
}

ProbedSource packed() {
    auto probed = live();
    probed.compression = "xz";
    return probed;
}

TEST(ImageSizeOf, IsTheServedOneUnlessCompressed) {
    EXPECT_EQ(imageSizeOf(live()), 1000U);
    EXPECT_EQ(imageSizeOf(packed()), 990U);
    auto probed = packed();
    probed.decoded = 5000;
    EXPECT_EQ(imageSizeOf(probed), 5000U);
    probed.declared.reset();
    EXPECT_EQ(imageSizeOf(probed), 5000U);
    probed.decoded.reset();
    EXPECT_FALSE(imageSizeOf(probed));
    auto unsized = live();
    unsized.size.reset();
    EXPECT_EQ(imageSizeOf(unsized), 990U);
}

TEST(WhyUnusable, NamesWhatABootWouldFailWith) {
    EXPECT_FALSE(whyUnusable(live()));
    EXPECT_FALSE(whyUnusable(packed()));
    auto probed = live();
    probed.failure = Error(ErrorCode::NotFound, "404");
    EXPECT_EQ(whyUnusable(probed).value().code(), ErrorCode::NotFound);
    probed = live();
    probed.format = "";
    probed.whyNotLive = "it is empty";
    EXPECT_STREQ(whyUnusable(probed).value().what(), "not a live image: it is empty");
    probed = live();
    probed.declared = 1001;
    EXPECT_THAT(whyUnusable(probed).value().what(), HasSubstr("the image is incomplete"));
    probed.size.reset();
    EXPECT_FALSE(whyUnusable(probed)) << "its end is not known";
    probed = packed();
    probed.size = 10; // of the compressed file
    EXPECT_FALSE(whyUnusable(probed));
    probed.decoded = 10;
    EXPECT_THAT(whyUnusable(probed).value().what(), HasSubstr("the image is incomplete"));
    probed = live();
    probed.layout = {ProbedLayout::State::None, "", "", "it is a data volume"};
    EXPECT_STREQ(whyUnusable(probed).value().what(), "not a live image: it is a data volume");
    probed.size = 10;
    EXPECT_THAT(whyUnusable(probed).value().what(), HasSubstr("incomplete"))
        << "the folders may be in the rest";
}

TEST(Differences, AMirrorHasTheSameBytes) {
    EXPECT_THAT(differences(live(), live(), false), IsEmpty());
    auto mirror = live();
    mirror.size = 999;
    EXPECT_THAT(differences(live(), mirror, true),
                ElementsAre(HasSubstr("its size is 999 bytes, the image's is 1000 bytes")));
    mirror = live();
    mirror.validator = "w";
    EXPECT_THAT(differences(live(), mirror, false),
                ElementsAre(HasSubstr("a transfer that switches to it starts over")));
    EXPECT_THAT(differences(live(), mirror, true), IsEmpty()) << "the checksum shows it";
    mirror = live();
    mirror.declared = 980;
    EXPECT_THAT(differences(live(), mirror, true), ElementsAre(HasSubstr("its first bytes differ")));
    mirror = live();
    mirror.label = "OTHER";
    EXPECT_THAT(differences(live(), mirror, true), ElementsAre(HasSubstr("its first bytes differ")));
    auto unmarked = live();
    unmarked.validator = "";
    EXPECT_THAT(differences(unmarked, unmarked, false), ElementsAre(HasSubstr("starts over")));
    unmarked.size.reset();
    EXPECT_THAT(differences(unmarked, live(), true), ElementsAre(HasSubstr("the image's is not known")));
}

} // namespace
} // namespace bootferry
