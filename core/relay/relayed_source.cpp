// SPDX-License-Identifier: LGPL-2.1-or-later
// Each packet is judged against what was received before; a process that follows the protocol sends none of
// the others.
#include "relayed_source.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "channel.h"
#include "plain_text.h"
#include "quantities.h"

namespace bootferry {
namespace {

using relay::FromReceiver;
using relay::FromVerifier;

[[noreturn]] void breach(std::string_view how) {
    throw Error(ErrorCode::Internal, fmt::format("the transfer process violated the protocol: {}", how));
}

} // namespace

struct RelayedSource::Message {
    std::array<std::byte, relay::longestPacket> room;
    std::size_t size = 0;

    [[nodiscard]] PacketReader reader() const { return PacketReader(std::span(room).first(size)); }
};

std::size_t RelayedSource::read(std::span<std::byte> into) {
    if (!std::exchange(begun_, true)) {
        relay::send(ends_.socket.get(), relay::packetOf(FromVerifier::Begin));
    }
    while (announced_ == 0 && !ended_) {
        take(receive());
    }
    if (ended_) {
        return 0;
    }
    const auto count = readPipe(into);
    received_ += count;
    reporter_.setBytes(received_);
    return count;
}

std::size_t RelayedSource::readPipe(std::span<std::byte> into) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(announced_, into.size()));
    const auto count = checkErrno(TEMP_FAILURE_RETRY(::read(ends_.pipe.get(), into.data(), most)),
                                  "reading from the process that uses the network");
    if (count == 0) {
        throw relay::PeerGone();
    }
    announced_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
}

RelayedSource::Message RelayedSource::receive() const {
    Message message; // NOLINT(cppcoreguidelines-pro-type-member-init): the room is filled below
    const auto packet = receivePacket(ends_.socket.get(), message.room, 0, 0);
    if (!packet || packet->size == 0) {
        throw relay::PeerGone();
    }
    if (!packet->whole) {
        breach("it sent a message that is too long, or descriptors");
    }
    message.size = packet->size;
    return message;
}

void RelayedSource::take(const Message& message) {
    try {
        auto packet = message.reader();
        const auto kind = static_cast<FromReceiver>(packet.number());
        if (ended_ && !discarding_) {
            breach("it sent something after the end");
        }
        switch (kind) {
        case FromReceiver::Source:
            takeSource(packet);
            return;
        case FromReceiver::Bytes:
            takeBytes(packet.wide());
            break;
        case FromReceiver::End:
            ended_ = true;
            break;
        case FromReceiver::Changed: {
            const auto why = plainText(packet.text());
            packet.end();
            if (!discarding_) {
                throw StartOver(why);
            }
            return;
        }
        case FromReceiver::LastBytes:
            answerLastBytes(packet.wide());
            break;
        case FromReceiver::CanDiscard:
            answerCanDiscard();
            break;
        case FromReceiver::Restarted:
            if (!std::exchange(discarding_, false)) {
                breach("it started over without being asked");
            }
            break;
        default:
            breach(fmt::format("there is no message {}", static_cast<std::uint32_t>(kind)));
        }
        packet.end();
    } catch (const StartOver&) {
        throw;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::Protocol) {
            breach(error.what());
        }
        throw;
    }
}

void RelayedSource::takeSource(PacketReader packet) {
    const auto size = packet.wide();
    auto validator = packet.text();
    const auto modified = packet.wide();
    packet.end();
    info_ = {};
    if (size <= relay::mostBytes) {
        info_.size = size;
    }
    if (validator.size() <= channel::longestValidator) {
        info_.validator = std::move(validator);
    }
    if (modified > 0 && modified <= relay::mostBytes) {
        info_.modified = static_cast<std::int64_t>(modified);
    }
}

void RelayedSource::takeBytes(std::uint64_t count) {
    if (count == 0 || count > relay::mostBytes - std::min(received_, relay::mostBytes)) {
        breach(fmt::format("it announced {} bytes after {}", count, received_));
    }
    announced_ += count;
}

void RelayedSource::answerLastBytes(std::uint64_t count) const {
    if (count > relay::mostLastBytes || (count > received_ && !discarding_)) {
        breach(fmt::format("it wants the last {} of {} bytes", count, received_));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(count));
    auto answer = relay::packetOf(FromVerifier::LastBytes);
    if (!discarding_ && lastBytes_ && lastBytes_(bytes)) {
        answer.raw(bytes.data(), bytes.size());
    }
    relay::send(ends_.socket.get(), answer);
}

void RelayedSource::answerCanDiscard() const {
    auto answer = relay::packetOf(FromVerifier::CanDiscard);
    answer.number(discarding_ || !canDiscard_ || canDiscard_() ? 1 : 0);
    relay::send(ends_.socket.get(), answer);
}

void RelayedSource::startOver() {
    auto packet = relay::packetOf(FromVerifier::Again);
    const auto rejected = std::exchange(rejected_, std::nullopt);
    packet.number(rejected ? static_cast<std::uint32_t>(rejected->first.code()) : 0);
    packet.text(rejected ? plainText(rejected->first.what(), channel::longestReason) : std::string());
    packet.number(rejected && rejected->second ? 1 : 0);
    try {
        relay::send(ends_.socket.get(), packet);
        discardUntilRestarted();
    } catch (const relay::PeerGone&) {
        if (rejected) {
            throw AllOriginsFailed(rejected->first); // whatever the other process says of its end
        }
        throw;
    }
    received_ = 0;
    ended_ = false;
    info_ = {};
    reporter_.setBytes(0);
}

void RelayedSource::discardUntilRestarted() {
    std::vector<std::byte> discarded(std::size_t{64} << 10U);
    discarding_ = true;
    for (;;) {
        while (announced_ > 0) {
            (void)readPipe(discarded);
        }
        if (!discarding_) {
            return;
        }
        take(receive());
    }
}

void RelayedSource::finish() {
    relay::send(ends_.socket.get(), relay::packetOf(FromVerifier::Finish));
}

} // namespace bootferry
