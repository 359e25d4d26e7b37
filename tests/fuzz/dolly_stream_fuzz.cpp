// SPDX-License-Identifier: LGPL-2.1-or-later
// What a dolly server sends after its greeting, of both generations: the total on the control connection, the
// image on one data connection or in blocks on several. The node delivers the blocks in their order, never
// more than the total, and ends without a failure only with all of it.
#include <array>

#include <sys/socket.h>

#include "fuzz_input.h"
#include "relay.h"

using namespace bootferry;
using namespace bootferry::dolly;
using fuzz::require;

namespace {

struct SocketPair {
    Descriptor node;
    Descriptor server;

    SocketPair() {
        std::array<int, 2> ends{};
        require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
        node = Descriptor(ends[0]);
        server = Descriptor(ends[1]);
    }
    void send(std::string_view bytes) const {
        require(::send(server.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
        require(::shutdown(server.get(), SHUT_WR) == 0);
    }
};

struct Sent {
    std::vector<std::string> data; // by connection
    std::size_t blockSize = 1;

    [[nodiscard]] char at(std::uint64_t position) const {
        const auto block = position / blockSize;
        const auto& connection = data[block % data.size()];
        const auto place = block / data.size() * blockSize + position % blockSize;
        require(place < connection.size()); // was sent at all
        return connection[place];
    }
};

void receive(Relay& relay, const Sent& sent, Waiter& waiter, std::size_t pieceSize) {
    std::array<std::byte, 256> room{};
    std::uint64_t count = 0;
    for (;;) {
        const auto more = relay.read(std::span(room).first(pieceSize), waiter);
        require(more <= pieceSize);
        const auto total = relay.total();
        for (std::size_t i = 0; i < more; ++i) {
            require(static_cast<char>(room[i]) == sent.at(count + i));
        }
        count += more;
        require(!total || count <= *total);
        if (more == 0) {
            require(total == count);
            relay.acknowledge(waiter);
            return;
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static bootferry_host table{};
    table.struct_size = sizeof table;
    table.log = [](void*, int, const char* message) { require(*message != '\0'); };
    const plugin::Host host(&table);
    fuzz::FuzzInput input(bytes, size);

    Settings settings;
    settings.blockSize = 1U + input.number<std::uint8_t>();
    settings.buffer = 1U + input.number<std::uint8_t>();
    Predecessor predecessor;
    predecessor.generation = input.flag() ? Generation::Password : Generation::Classic;
    predecessor.tab.hosts = {"n1"};
    const std::size_t connections = 1U + input.number<std::uint8_t>() % 3U;
    const std::size_t pieceSize = 1U + input.number<std::uint8_t>();
    SocketPair control;
    std::vector<SocketPair> data(connections);
    control.send(input.piece());
    Sent sent{.data = {}, .blockSize = settings.blockSize};
    for (auto& connection : data) {
        sent.data.emplace_back(connections == 1 ? input.rest() : input.piece());
        connection.send(sent.data.back());
        predecessor.data.push_back(std::move(connection.node));
    }
    predecessor.control = std::move(control.node);

    Waiter waiter(-1, [](const std::string&) {});
    try {
        Relay relay(host, settings, std::move(predecessor), {});
        receive(relay, sent, waiter, pieceSize);
    } catch (const plugin::Failure& failure) {
        require(*failure.what() != '\0');
        require(failure.code() == BOOTFERRY_ERROR_UNREACHABLE || failure.code() == BOOTFERRY_ERROR_PROTOCOL);
    }
    return 0;
}
