// SPDX-License-Identifier: LGPL-2.1-or-later
#include "answer_sockets.h"

#include <cstring>
#include <memory>

#include <netinet/tcp.h>

#include "connection.h"

namespace bootferry::curl {
namespace {

// As libcurl would name them.
ConnectionEnds endsOf(int socket) {
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t length = sizeof own;
    EXPECT_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length), 0);
    EXPECT_EQ(getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length), 0);
    return {.localAddress = "127.0.0.1",
            .localPort = ntohs(own.sin_port),
            .remoteAddress = "127.0.0.1",
            .remotePort = ntohs(peer.sin_port)};
}

class AnswerSocketsTest : public testing::Test {
protected:
    void opened(const Connection& connection) { sockets.opened(connection.client); }
    void answered(const Connection& connection) { sockets.announced(endsOf(connection.client)); }

    const Connection first;
    const Connection second;
    AnswerSockets sockets;
};

TEST_F(AnswerSocketsTest, NothingIsKnownBeforeTheFirstAnswer) {
    EXPECT_EQ(sockets.ofRequest(), -1);
    EXPECT_EQ(sockets.ofData(), -1);
}

TEST_F(AnswerSocketsTest, TheOneThatTheRequestGoesOutOn) {
    opened(first);
    opened(second); // it lost a race with another address, or belongs to an earlier redirect
    answered(first);
    EXPECT_EQ(sockets.ofRequest(), first.client);
    EXPECT_EQ(sockets.takenBefore(), 0U);
}

TEST_F(AnswerSocketsTest, ASecondAnswerBeginsWhereTheFirstEnded) {
    opened(first);
    answered(first);
    first.sendText("302 moved");
    first.receive(9);
    answered(first);
    EXPECT_EQ(sockets.ofRequest(), first.client);
    EXPECT_EQ(sockets.takenBefore(), 9U);
    first.sendText("200 image");
    first.receive(4);
    EXPECT_EQ(takenBytes(first.client), 13U);
    EXPECT_EQ(receivedBytes(first.client), 18U);
    EXPECT_EQ(sockets.takenBefore(), 9U);
}

// As with TLS, SOCKS or CONNECT; the attacker's own bytes, not yet taken, are bytes as well.
TEST_F(AnswerSocketsTest, AConnectionThatBeginsWithBytesIsNotPlain) {
    for (const auto* connection : {&first, &second}) {
        opened(*connection);
        connection->sendText("hello");
        if (connection == &second) {
            connection->receive(5);
        }
        answered(*connection);
        EXPECT_EQ(sockets.ofRequest(), -1);
        answered(*connection);
        EXPECT_EQ(sockets.ofRequest(), -1) << "nor is its second answer";
    }
}

TEST_F(AnswerSocketsTest, OneThatItDidNotSeeOpenedIsNotTaken) {
    answered(first);
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST_F(AnswerSocketsTest, AnUnknownConnectionIsNotTheOneBefore) {
    opened(first);
    answered(first);
    answered(second);
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST_F(AnswerSocketsTest, ANumberThatBecameAnotherConnectionIsNotTaken) {
    opened(first);
    answered(first);
    ASSERT_EQ(dup2(second.client, first.client), first.client);
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST_F(AnswerSocketsTest, ANewSocketOfTheSameNumberBeginsAnew) {
    opened(first);
    first.sendText("hello");
    answered(first);
    ASSERT_EQ(dup2(second.client, first.client), first.client);
    opened(first);
    answered(first);
    EXPECT_EQ(sockets.ofRequest(), first.client);
}

TEST_F(AnswerSocketsTest, DataComesOverTheOneThatIsOpenedAfterTheRequest) {
    opened(first);
    EXPECT_EQ(sockets.ofData(), first.client);
    answered(first);
    EXPECT_EQ(sockets.ofData(), -1) << "the connection of the request brings no data";
    opened(second);
    EXPECT_EQ(sockets.ofData(), second.client);
}

TEST_F(AnswerSocketsTest, WhatTheKernelDecodesIsNotCounted) {
    first.sendText("hello");
    EXPECT_EQ(receivedBytes(first.client), 5U);
    constexpr const char* protocol = "tls";
    if (setsockopt(first.client, IPPROTO_TCP, TCP_ULP, protocol, std::strlen(protocol)) != 0) {
        GTEST_SKIP() << "this kernel has no TLS";
    }
    EXPECT_FALSE(receivedBytes(first.client));
    EXPECT_FALSE(takenBytes(first.client));
}

TEST_F(AnswerSocketsTest, WhatIsNoTcpConnectionIsNotCounted) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT_FALSE(takenBytes(ends[0]));
    EXPECT_FALSE(takenBytes(-1));
    close(ends[0]);
    close(ends[1]);
}

} // namespace
} // namespace bootferry::curl
