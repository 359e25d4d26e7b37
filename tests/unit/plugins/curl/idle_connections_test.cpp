// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle_connections.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(IdleConnectionsTest, GoToTheNextSessionOfTheirKey) {
    IdleConnections connections;
    auto handle = connections.take("http://a");
    auto* const first = handle.get();
    ASSERT_NE(first, nullptr);
    connections.keep("http://a", std::move(handle));
    const auto other = connections.take("http://b");
    EXPECT_NE(other.get(), first);
    const auto again = connections.take("http://a");
    EXPECT_EQ(again.get(), first);
    EXPECT_NE(connections.take("http://a").get(), first); // it has one owner
}

TEST(IdleConnectionsTest, AreNotHeapedUp) {
    IdleConnections connections;
    for (int i = 0; i < 100; ++i) {
        connections.keep("http://a", MultiHandle(curl_multi_init()));
    }
    EXPECT_LE(connections.size(), 16U);
}

} // namespace
} // namespace bootferry::curl
