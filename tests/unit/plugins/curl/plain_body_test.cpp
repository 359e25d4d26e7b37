// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plain_body.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "connection.h"
#include "host.h"

namespace bootferry::curl {
namespace {

class PlainBodyTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(pipe(cancel_.data()), 0); }
    void TearDown() override {
        close(cancel_[0]);
        close(cancel_[1]);
    }

    void sendText(const std::string& text) const { connection_.sendText(text); }
    void receive(std::size_t count) const { connection_.receive(count); }
    std::string read(PlainBody& body) const {
        std::array<std::byte, 100> into{};
        const auto count = body.read(into, cancel_[0]);
        return {reinterpret_cast<const char*>(into.data()), count};
    }

    Connection connection_;
    const int client_ = connection_.client;
    int& server_ = connection_.server;
    std::array<int, 2> cancel_{-1, -1};
};

TEST_F(PlainBodyTest, GoesOnWhereTheHeadEnded) {
    sendText("head|body");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    EXPECT_EQ(read(*body), "body");
    EXPECT_EQ(body->left(), 0U);
}

TEST_F(PlainBodyTest, LeavesAloneWhatWasNotHandedOverCompletely) {
    sendText("head|body");
    receive(7);
    EXPECT_FALSE(PlainBody::takeOver(client_, 5, 4)) << "two bytes lie in a buffer";
    EXPECT_FALSE(PlainBody::takeOver(client_, 8, 4)) << "more bytes than came: it was decoded";
    EXPECT_TRUE(PlainBody::takeOver(client_, 7, 2));
}

TEST_F(PlainBodyTest, LeavesAloneWhatIsNoTcpConnection) {
    EXPECT_FALSE(PlainBody::takeOver(cancel_[0], 0, 4));
    EXPECT_FALSE(PlainBody::takeOver(-1, 0, 4));
}

TEST_F(PlainBodyTest, TakesNothingThatLiesBehindTheBody) {
    sendText("head|body+next");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    EXPECT_EQ(read(*body), "body");
}

TEST_F(PlainBodyTest, SmallPiecesOfASlowLineComeThrough) {
    sendText("head|");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 1000000);
    ASSERT_TRUE(body);
    for (const std::string piece : {"a", "little", "at a time"}) {
        sendText(piece);
        EXPECT_EQ(read(*body), piece);
    }
}

TEST_F(PlainBodyTest, TheSocketIsLeftAsItWas) {
    const auto lowWater = [this] {
        int bytes = -1;
        socklen_t length = sizeof bytes;
        EXPECT_EQ(getsockopt(client_, SOL_SOCKET, SO_RCVLOWAT, &bytes, &length), 0);
        return bytes;
    };
    const int before = lowWater();
    {
        auto body = PlainBody::takeOver(client_, 0, 1000000);
        ASSERT_TRUE(body);
        const auto moved = std::move(*body);
        EXPECT_GT(lowWater(), before);
    }
    EXPECT_EQ(lowWater(), before);
}

TEST_F(PlainBodyTest, AnEarlyEndIsReported) {
    sendText("head|bo");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    shutdown(server_, SHUT_WR);
    EXPECT_EQ(read(*body), "bo");
    EXPECT_EQ(read(*body), "");
    EXPECT_EQ(body->brokenBy(), 0);
}

TEST_F(PlainBodyTest, WhatComesBehindTheBodyIsSeen) {
    sendText("more");
    EXPECT_EQ(afterBody(client_, -1), AfterBody::MoreBytes);
    EXPECT_EQ(nextLine(client_, -1), "more");
    EXPECT_EQ(afterBody(client_, client_), AfterBody::Nothing) << "a clock that ends is no failure";
    receive(4);
    shutdown(server_, SHUT_WR);
    EXPECT_EQ(afterBody(client_, -1), AfterBody::Nothing);
    EXPECT_EQ(nextLine(client_, -1), "");
    EXPECT_EQ(nextLine(-1, -1), "");
}

TEST_F(PlainBodyTest, AResetIsNamed) {
    sendText("head|");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    const linger atOnce{.l_onoff = 1, .l_linger = 0};
    setsockopt(server_, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
    close(std::exchange(server_, -1));
    EXPECT_EQ(read(*body), "");
    EXPECT_EQ(body->brokenBy(), ECONNRESET);
}

TEST_F(PlainBodyTest, AResetBehindTheBodyIsNoEnd) {
    const linger atOnce{.l_onoff = 1, .l_linger = 0};
    setsockopt(server_, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
    close(std::exchange(server_, -1));
    EXPECT_EQ(afterBody(client_, -1), AfterBody::Reset);
}

TEST_F(PlainBodyTest, GoesIntoAPipeAsWell) {
    sendText("head|body+next");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    std::array<char, 10> into{};
    EXPECT_EQ(body->splice(ends[1], 3, cancel_[0]), 3U);
    EXPECT_EQ(body->splice(ends[1], 100, cancel_[0]), 1U) << "no byte behind the body";
    EXPECT_EQ(::read(ends[0], into.data(), into.size()), 4);
    EXPECT_EQ(std::string_view(into.data(), 4), "body");
    close(ends[0]);
    close(ends[1]);
}

TEST_F(PlainBodyTest, ACancelEndsTheWait) {
    sendText("head|");
    receive(5);
    auto body = PlainBody::takeOver(client_, 5, 4);
    ASSERT_TRUE(body);
    ASSERT_EQ(write(cancel_[1], "x", 1), 1);
    EXPECT_THROW((void)read(*body), plugin::Failure);
}

} // namespace
} // namespace bootferry::curl
