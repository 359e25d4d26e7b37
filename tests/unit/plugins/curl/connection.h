// SPDX-License-Identifier: LGPL-2.1-or-later
// A TCP connection over loopback, since the kernel keeps no counts of a socket pair.
#pragma once

#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bootferry::curl {

struct Connection {
    int client = -1;
    int server = -1;

    Connection() {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listener, generic, length), 0);
        EXPECT_EQ(listen(listener, 1), 0);
        EXPECT_EQ(getsockname(listener, generic, &length), 0);
        client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(connect(client, generic, length), 0);
        server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        EXPECT_GE(server, 0);
        close(listener);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        close(client);
        close(server);
    }

    void sendText(const std::string& text) const {
        ASSERT_EQ(send(server, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    // Receives the head and a part of the body, like libcurl.
    void receive(std::size_t count) const {
        std::string taken(count, '\0');
        ASSERT_EQ(recv(client, taken.data(), count, MSG_WAITALL), static_cast<ssize_t>(count));
    }
};

} // namespace bootferry::curl
