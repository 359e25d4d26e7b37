// SPDX-License-Identifier: LGPL-2.1-or-later
// The form of the answers; plugins/support/name_resolver_test.cpp has the lookups themselves.
#include "name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "../plugins/support/hanging_resolver.h"
#include "handles.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;

UniqueFd event(unsigned count) {
    return UniqueFd(eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK));
}

TEST(NameLookup, ANumericAddressIsItself) {
    ResolvedName kept;
    bootferry_resolution result{};
    for (const auto* address : {"10.0.0.1", "2001:db8::1", "::1"}) {
        EXPECT_EQ(resolveForPlugin(address, -1, kept, result), 0);
        ASSERT_EQ(result.count, 1U);
        EXPECT_STREQ(result.addresses[0], address);
    }
}

TEST(NameLookup, AnEmptyNameIsInvalid) {
    ResolvedName kept;
    bootferry_resolution result{};
    for (const char* none : {"", static_cast<const char*>(nullptr)}) {
        EXPECT_EQ(resolveForPlugin(none, -1, kept, result), BOOTFERRY_ERROR_INVALID);
        EXPECT_EQ(result.count, 0U);
        EXPECT_STREQ(result.message, "the host name is empty");
    }
}

TEST(NameLookup, SaysWhyANameDoesNotResolve) {
    ResolvedName kept;
    bootferry_resolution result{};
    ASSERT_EQ(resolveForPlugin("::1", -1, kept, result), 0);
    EXPECT_EQ(resolveForPlugin("no such name", -1, kept, result), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(result.count, 0U);
    EXPECT_THAT(result.message, HasSubstr("host name 'no such name' does not resolve: "));
}

TEST(NameLookup, ACancelEndsTheWaitForAResolverThatHangs) {
    const plugin::HangingResolver hosts;
    if (!hosts.hangs()) {
        GTEST_SKIP() << "namespaces of one's own take root";
    }
    ResolvedName kept;
    bootferry_resolution result{};
    const auto cancel = event(1);
    EXPECT_EQ(resolveForPlugin("server.test", cancel.get(), kept, result), BOOTFERRY_ERROR_CANCELLED);
    EXPECT_STREQ(result.message, "cancelled");
    plugin::HangingResolver::awaitQuestion(); // the lookup that was left behind
}

} // namespace
} // namespace bootferry
