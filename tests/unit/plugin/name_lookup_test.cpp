// SPDX-License-Identifier: LGPL-2.1-or-later
// The wait for a resolver, with one that answers when the test says so.
#include "name_lookup.h"

#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/eventfd.h>

#include "handles.h"

namespace bootferry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

UniqueFd event(unsigned count) {
    return UniqueFd(eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK));
}

TEST(NameLookup, ANumericAddressIsItself) {
    for (const auto* address : {"10.0.0.1", "2001:db8::1", "::1"}) {
        EXPECT_THAT(lookUpName(address, -1).addresses, ElementsAre(address));
    }
}

TEST(NameLookup, SaysWhyANameDoesNotResolve) {
    const auto lookup = lookUpName("no such name", -1);
    EXPECT_THAT(lookup.addresses, IsEmpty());
    EXPECT_THAT(lookup.failure, HasSubstr("host name 'no such name' does not resolve: "));
    EXPECT_FALSE(lookup.cancelled);
}

TEST(NameLookup, ReturnsWhatTheResolverFound) {
    const auto ask = [](const std::string& name, int flags) {
        NameLookup found;
        if ((flags & AI_NUMERICHOST) == 0 && name == "boot.example") {
            found.addresses = {"2001:db8::7", "10.0.0.7"};
        }
        return found;
    };
    EXPECT_THAT(lookUpName("boot.example", event(0).get(), ask).addresses,
                ElementsAre("2001:db8::7", "10.0.0.7"));
}

// The thread ends later, and writes its answer where nobody reads it any more.
TEST(NameLookup, ACancelEndsTheWait) {
    std::promise<void> answer;
    const auto ended = std::make_shared<std::promise<void>>();
    auto mayAnswer = answer.get_future().share();
    const auto cancel = event(1);
    const auto lookup =
        lookUpName("silent.example", cancel.get(), [mayAnswer, ended](const std::string&, int flags) {
            NameLookup found;
            if ((flags & AI_NUMERICHOST) == 0) {
                mayAnswer.wait();
                found.addresses = {"10.0.0.7"};
                ended->set_value();
            }
            return found;
        });
    EXPECT_TRUE(lookup.cancelled);
    EXPECT_THAT(lookup.addresses, IsEmpty());
    answer.set_value();
    ended->get_future().wait();
}

TEST(NameLookup, APluginGetsAResultOrACode) {
    ResolvedName kept;
    bootferry_resolution result{};
    EXPECT_EQ(resolveForPlugin("::1", -1, kept, result), 0);
    ASSERT_EQ(result.count, 1U);
    EXPECT_STREQ(result.addresses[0], "::1");
    for (const char* none : {"", static_cast<const char*>(nullptr)}) {
        EXPECT_EQ(resolveForPlugin(none, -1, kept, result), BOOTFERRY_ERROR_INVALID);
        EXPECT_EQ(result.count, 0U);
        EXPECT_STREQ(result.message, "the host name is empty");
    }
    EXPECT_EQ(resolveForPlugin("no such name", -1, kept, result), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(result.count, 0U);
    EXPECT_THAT(result.message, HasSubstr("does not resolve"));
    const auto cancel = event(1);
    EXPECT_EQ(resolveForPlugin("silent.example", cancel.get(), kept, result), BOOTFERRY_ERROR_CANCELLED);
}

} // namespace
} // namespace bootferry
