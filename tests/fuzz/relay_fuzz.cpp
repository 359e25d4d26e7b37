// SPDX-License-Identifier: LGPL-2.1-or-later
// Any packets and bytes from the process that uses the network to the one that verifies: the image that comes
// out is a part of what went into the pipe, in its order, and never more than was announced. Everything is
// sent before the verifying process begins, and the sender's ends are then closed, so that nothing waits.
#include <array>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "fuzz_input.h"
#include "plain_text.h"
#include "relayed_source.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr unsigned mostPackets = 100; // the socket has room for as many
constexpr unsigned mostRestarts = 8;

class Nobody : public ProgressListener {
public:
    void progressed(const Progress& progress) override {
        require(plainText(progress.detail) == progress.detail);
    }
};

struct Sent {
    std::string bytes;
    std::uint64_t announced = 0;
};

Sent sendAll(fuzz::FuzzInput& input, const relay::Ends& ends) {
    Sent sent;
    for (unsigned i = 0; i < mostPackets && !input.empty(); ++i) {
        const auto packet = input.piece();
        if (!packet.empty()) {
            (void)sendPacket(ends.socket.get(), fuzz::asBytes(packet), {}, 0);
        }
        if (packet.size() == 12 && packet[0] == static_cast<char>(relay::FromReceiver::Bytes)) {
            const auto count = fuzz::FuzzInput(reinterpret_cast<const std::uint8_t*>(packet.data()) + 4, 8)
                                   .number<std::uint64_t>();
            sent.announced += std::min(count, relay::mostBytes - sent.announced);
        }
    }
    sent.bytes = input.rest();
    const auto count = ::write(ends.pipe.get(), sent.bytes.data(), sent.bytes.size());
    require(count >= 0);
    sent.bytes.resize(static_cast<std::size_t>(count));
    return sent;
}

void receive(RelayedSource& source, const Sent& sent) {
    std::string got;
    unsigned restarts = 0;
    std::array<std::byte, 777> room{};
    for (;;) {
        try {
            const auto count = source.read(room);
            require(count <= room.size());
            if (count == 0) {
                return;
            }
            got.append(reinterpret_cast<const char*>(room.data()), count);
            require(sent.bytes.find(got) != std::string::npos);
            require(got.size() <= sent.announced);
            const auto info = source.info();
            require(!info.size || *info.size <= relay::mostBytes);
            require(info.validator.size() <= channel::longestValidator);
        } catch (const StartOver& why) {
            require(plainText(why.what()) == why.what());
            if (++restarts == mostRestarts) {
                return;
            }
            source.startOver();
            got.clear();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    auto relay = relay::makeRelay();
    const bool closes = input.flag();
    const auto sent = sendAll(input, relay.receiver);
    relay.receiver.pipe.reset();
    ::shutdown(relay.receiver.socket.get(), SHUT_WR);
    if (closes) {
        relay.receiver.socket.reset();
    }
    Nobody nobody;
    ProgressReporter reporter(nobody);
    RelayedSource source(std::move(relay.verifier), reporter);
    source.compareWith([](std::span<std::byte> into) { return into.size() <= 1024; });
    try {
        receive(source, sent);
    } catch (const Error& error) {
        require(*error.what() != '\0' && plainText(error.what()) == error.what());
        require(error.code() == ErrorCode::Internal);
    }
    return 0;
}
