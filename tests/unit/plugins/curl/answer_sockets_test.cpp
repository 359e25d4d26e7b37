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

TEST(AnswerSocketsTest, NothingIsKnownBeforeTheFirstAnswer) {
    const AnswerSockets sockets;
    EXPECT_EQ(sockets.ofRequest(), -1);
    EXPECT_EQ(sockets.ofData(), -1);
}

TEST(AnswerSocketsTest, TheOneThatTheRequestGoesOutOn) {
    const Connection first;
    const Connection second; // the one that lost a race, or the one of an earlier redirect
    AnswerSockets sockets;
    sockets.opened(first.client);
    sockets.opened(second.client);
    sockets.announced(endsOf(first.client));
    EXPECT_EQ(sockets.ofRequest(), first.client);
    EXPECT_EQ(sockets.takenBefore(), 0U);
}

TEST(AnswerSocketsTest, ASecondAnswerBeginsWhereTheFirstEnded) {
    const Connection connection;
    AnswerSockets sockets;
    sockets.opened(connection.client);
    sockets.announced(endsOf(connection.client));
    connection.say("302 moved");
    connection.take(9);
    sockets.announced(endsOf(connection.client));
    EXPECT_EQ(sockets.ofRequest(), connection.client);
    EXPECT_EQ(sockets.takenBefore(), 9U);
    connection.say("200 image");
    connection.take(4);
    EXPECT_EQ(takenBytes(connection.client), 13U);
    EXPECT_EQ(receivedBytes(connection.client), 18U);
    EXPECT_EQ(sockets.takenBefore(), 9U);
}

// As with TLS, SOCKS or CONNECT; the attacker's own bytes, not yet taken, are bytes as well.
TEST(AnswerSocketsTest, AConnectionThatBeginsWithBytesIsNotPlain) {
    for (const bool taken : {false, true}) {
        const Connection connection;
        AnswerSockets sockets;
        sockets.opened(connection.client);
        connection.say("hello");
        if (taken) {
            connection.take(5);
        }
        sockets.announced(endsOf(connection.client));
        EXPECT_EQ(sockets.ofRequest(), -1);
        sockets.announced(endsOf(connection.client));
        EXPECT_EQ(sockets.ofRequest(), -1) << "nor is its second answer";
    }
}

TEST(AnswerSocketsTest, OneThatItDidNotSeeOpenedIsNotTaken) {
    const Connection connection;
    AnswerSockets sockets;
    sockets.announced(endsOf(connection.client));
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST(AnswerSocketsTest, AnUnknownConnectionIsNotTheOneBefore) {
    const Connection known;
    const Connection unknown;
    AnswerSockets sockets;
    sockets.opened(known.client);
    sockets.announced(endsOf(known.client));
    sockets.announced(endsOf(unknown.client));
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST(AnswerSocketsTest, ANumberThatBecameAnotherConnectionIsNotTaken) {
    const Connection connection;
    const Connection other;
    AnswerSockets sockets;
    sockets.opened(connection.client);
    sockets.announced(endsOf(connection.client));
    ASSERT_EQ(dup2(other.client, connection.client), connection.client);
    EXPECT_EQ(sockets.ofRequest(), -1);
}

TEST(AnswerSocketsTest, ANewSocketOfTheSameNumberBeginsAnew) {
    const Connection connection;
    const Connection other;
    AnswerSockets sockets;
    sockets.opened(connection.client);
    connection.say("hello");
    sockets.announced(endsOf(connection.client));
    ASSERT_EQ(dup2(other.client, connection.client), connection.client);
    sockets.opened(connection.client);
    sockets.announced(endsOf(connection.client));
    EXPECT_EQ(sockets.ofRequest(), connection.client);
}

TEST(AnswerSocketsTest, DataComesOverTheOneThatIsOpenedAfterTheRequest) {
    const Connection control;
    const Connection data;
    AnswerSockets sockets;
    sockets.opened(control.client);
    EXPECT_EQ(sockets.ofData(), control.client);
    sockets.announced(endsOf(control.client));
    EXPECT_EQ(sockets.ofData(), -1) << "the connection of the request brings no data";
    sockets.opened(data.client);
    EXPECT_EQ(sockets.ofData(), data.client);
}

TEST(AnswerSocketsTest, WhatTheKernelDecodesIsNotCounted) {
    const Connection connection;
    connection.say("hello");
    EXPECT_EQ(receivedBytes(connection.client), 5U);
    constexpr const char* protocol = "tls";
    if (setsockopt(connection.client, IPPROTO_TCP, TCP_ULP, protocol, std::strlen(protocol)) != 0) {
        GTEST_SKIP() << "this kernel has no TLS";
    }
    EXPECT_FALSE(receivedBytes(connection.client));
    EXPECT_FALSE(takenBytes(connection.client));
}

TEST(AnswerSocketsTest, WhatIsNoTcpConnectionIsNotCounted) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT_FALSE(takenBytes(ends[0]));
    EXPECT_FALSE(takenBytes(-1));
    close(ends[0]);
    close(ends[1]);
}

} // namespace
} // namespace bootferry::curl
