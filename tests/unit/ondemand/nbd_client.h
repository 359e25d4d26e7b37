// SPDX-License-Identifier: LGPL-2.1-or-later
// The other side of an NbdServer: a socket pair, and what the kernel's client sends and receives.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "handles.h"

namespace bootferry {

class NbdClient {
public:
    NbdClient() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        own_.reset(ends[0]);
        server_.reset(ends[1]);
    }
    [[nodiscard]] int serverEnd() const { return server_.get(); }
    [[nodiscard]] int ownEnd() const { return own_.get(); }
    void close() { own_.reset(); }

    static std::string request(std::uint16_t type, std::uint64_t cookie, std::uint64_t offset,
                               std::uint32_t length) {
        return number(0x25609513, 4) + number(0, 2) + number(type, 2) + number(cookie, 8) +
               number(offset, 8) + number(length, 4);
    }
    void send(const std::string& bytes) const {
        EXPECT_EQ(::send(own_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    void read(std::uint64_t cookie, std::uint64_t offset, std::uint32_t length) const {
        send(request(0, cookie, offset, length));
    }
    void disconnect() const { send(request(2, 0, 0, 0)); }

    struct Reply {
        std::uint32_t error = 0;
        std::uint64_t cookie = 0;
    };
    [[nodiscard]] Reply reply() const {
        const auto header = receive(16);
        EXPECT_EQ(header.substr(0, 4), number(0x67446698, 4));
        return {.error = static_cast<std::uint32_t>(value(header.substr(4, 4))),
                .cookie = value(header.substr(8, 8))};
    }
    [[nodiscard]] std::string receive(std::size_t size) const {
        std::string bytes(size, '\0');
        std::size_t filled = 0;
        while (filled < size) {
            const auto count = ::recv(own_.get(), bytes.data() + filled, size - filled, 0);
            if (count <= 0) {
                ADD_FAILURE() << "the server has closed the connection";
                return {};
            }
            filled += static_cast<std::size_t>(count);
        }
        return bytes;
    }

    static std::string number(std::uint64_t value, unsigned size) {
        std::string bytes;
        for (auto shift = size; shift-- > 0;) {
            bytes += static_cast<char>(value >> (8 * shift));
        }
        return bytes;
    }

private:
    static std::uint64_t value(const std::string& bytes) {
        std::uint64_t number = 0;
        for (const auto byte : bytes) {
            number = number << 8U | static_cast<unsigned char>(byte);
        }
        return number;
    }
    UniqueFd own_;
    UniqueFd server_;
};

} // namespace bootferry
