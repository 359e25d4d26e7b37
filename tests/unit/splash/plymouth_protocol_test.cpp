// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plymouth_protocol.h"

#include <gmock/gmock.h>

namespace bootferry {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(PlymouthRequest, isALetterAndANul) {
    EXPECT_EQ(plymouthRequest('P'), "P\0"s);
}

TEST(PlymouthRequest, carriesTheLengthOfItsArgumentWithTheNul) {
    EXPECT_EQ(plymouthRequest('M', "hello"), "M\x02\x06hello\0"s);
    EXPECT_EQ(plymouthRequest('M', ""), "M\x02\x01\0"s);
}

TEST(PlymouthRequest, cutsArgumentsThatAreTooLong) {
    EXPECT_EQ(plymouthRequest('M', std::string(254, 'x')), "M\x02\xFF" + std::string(254, 'x') + '\0');
    EXPECT_EQ(plymouthRequest('M', std::string(255, 'x')), "M\x02\xFF" + std::string(254, 'x') + '\0');
}

TEST(PlymouthRequest, cutsBetweenCharacters) {
    EXPECT_EQ(plymouthRequest('M', std::string(253, 'x') + "ä"), "M\x02\xFE" + std::string(253, 'x') + '\0');
}

TEST(PlymouthRequests, areEmptyIfNothingChanged) {
    EXPECT_THAT(plymouthRequests({}, {}), IsEmpty());
    const SplashContents contents{.message = "one", .percent = 1, .mode = "updates", .bootPaused = true};
    EXPECT_THAT(plymouthRequests(contents, contents), IsEmpty());
}

TEST(PlymouthRequests, hideTheOldMessageBeforeTheNewOneIsShown) {
    EXPECT_THAT(plymouthRequests({.message = "old"}, {.message = "new"}),
                ElementsAre("m\x02\x04old\0"s, "M\x02\x04new\0"s));
    EXPECT_THAT(plymouthRequests({}, {.message = "new"}), ElementsAre("M\x02\x04new\0"s));
}

TEST(PlymouthRequests, showAnEmptyMessageForThemesThatCannotHide) {
    EXPECT_THAT(plymouthRequests({.message = "old"}, {}),
                ElementsAre("m\x02\x04old\0"s, "M\x02\x01\0"s, "m\x02\x01\0"s));
}

TEST(PlymouthRequests, pauseAndResumeTheBootProgress) {
    EXPECT_THAT(plymouthRequests({}, {.bootPaused = true}), ElementsAre("A\0"s));
    EXPECT_THAT(plymouthRequests({.bootPaused = true}, {}), ElementsAre("a\0"s));
}

TEST(PlymouthRequests, sendAChangedPercentage) {
    EXPECT_THAT(plymouthRequests({.percent = 7}, {.percent = 100}), ElementsAre("u\x02\x04"s + "100\0"s));
    EXPECT_THAT(plymouthRequests({.percent = 7}, {}), IsEmpty()); // no request removes a percentage
}

TEST(PlymouthRequests, sendEverythingAgainAfterAChangeOfMode) {
    const SplashContents before{.message = "same", .percent = 7};
    const SplashContents now{.message = "same", .percent = 7, .mode = "updates"};
    EXPECT_THAT(plymouthRequests(before, now), ElementsAre("C\x02\x08updates\0"s, "u\x02\x02"s + "7\0"s,
                                                           "m\x02\x05same\0"s, "M\x02\x05same\0"s));
    EXPECT_THAT(plymouthRequests(now, {}),
                ElementsAre("C\x02\x08"s + "boot-up\0"s, "m\x02\x05same\0"s, "M\x02\x01\0"s, "m\x02\x01\0"s));
}

} // namespace
} // namespace bootferry
