// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold of a transfer through a plugin whatever the server answers: no more than was sent or
// declared, an end only when all has come, texts that can be shown.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "fuzz_input.h"
#include "plain_text.h"
#include "plugin_transport.h"

namespace bootferry::fuzz {

// A listening socket, on one port at all addresses.
struct Listener {
    Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        require(::bind(socket, generic, length) == 0 && ::listen(socket, 128) == 0);
        require(::getsockname(socket, generic, &length) == 0);
        port = ntohs(address.sin_port);
    }

    struct Accepted {
        int socket;
        std::uint32_t address; // that was connected to
    };
    [[nodiscard]] Accepted accept() const {
        const int client = ::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC);
        require(client >= 0);
        sockaddr_in address{};
        socklen_t length = sizeof address;
        (void)::getsockname(client, reinterpret_cast<sockaddr*>(&address), &length);
        return {client, ntohl(address.sin_addr.s_addr)};
    }

    int socket;
    unsigned port = 0;
};

// Each transfer has an address of its own below 127.0.0.0/8: a connection that a former one has left in a
// queue is known by it, and the ports of closed connections are not waited for.
class TransferAddress {
public:
    // "127.0.0.2"
    std::string next() {
        number_ = 0x7f000001 + (number_ + 1) % 0xfffffd;
        const in_addr shown{.s_addr = htonl(number_)};
        std::array<char, INET_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET, &shown, text.data(), text.size());
        return text.data();
    }
    [[nodiscard]] bool is(std::uint32_t address) const { return address == number_; }

private:
    std::uint32_t number_ = 0;
};

struct Pipe {
    std::array<int, 2> ends{};
    Pipe() { require(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
};

// Reads the next piece, by splicing where that is wanted and offered. 0: the end.
inline std::size_t next(ByteSource& source, bool splices) {
    static const Pipe pipe;
    static std::array<std::byte, 1000> room;
    if (!splices || !source.info().spliceable) {
        return source.read(room);
    }
    const auto count = source.splice(pipe.ends[1], room.size());
    require(static_cast<std::size_t>(std::max<ssize_t>(::read(pipe.ends[0], room.data(), room.size()), 0)) ==
            count);
    return count;
}

inline void receiveAll(ByteSource& source, const OpenRequest& request, bool splices,
                       const std::function<std::uint64_t()>& sent) {
    const auto declared = source.info().size;
    std::uint64_t count = 0;
    while (const auto more = next(source, splices)) {
        count += more;
        require(count <= sent());
        require(!declared || request.offset + count <= *declared);
    }
    const auto info = source.info();
    require(!declared || info.size == declared);
    const bool isWhole = !request.length;
    require(!info.size || !isWhole || request.offset + count == *info.size);
    require(info.validator.size() < 1024 && info.validator.find_first_of("\r\n") == std::string::npos);
    require(plainText(info.location, 4096) == info.location);
    source.finish();
}

// sent: how many bytes of a body the server has sent at most.
inline void fetch(const std::string& scheme, const OpenRequest& request, bool splices,
                  const std::function<std::uint64_t()>& sent) {
    PluginTransport transport(BOOTFERRY_FUZZED_PLUGINS, scheme, {}, {},
                              [](const std::string& text) { require(plainText(text) == text); });
    try {
        receiveAll(*transport.open(request), request, splices, sent);
    } catch (const Error& error) { // one of the server's or the address's, with a reason
        require(*error.what() != '\0' && plainText(error.what(), SIZE_MAX) == error.what());
        require(error.code() != ErrorCode::Internal && error.code() != ErrorCode::Cancelled);
    }
}

} // namespace bootferry::fuzz
