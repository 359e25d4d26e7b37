// SPDX-License-Identifier: LGPL-2.1-or-later
// Nothing here blocks but the source and poll(2), which also watches for a cancel and for the verifying
// process, so that a slow target, a verdict and a cancel are all noticed while the pipe is full.
#include "relay_sender.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "channel.h"
#include "plain_text.h"

namespace bootferry {
namespace {

using relay::FromReceiver;
using relay::FromVerifier;

constexpr std::size_t bufferSize = std::size_t{256} << 10U;
constexpr std::size_t mostWaiting = 8; // messages; the verifying process never sends so many unasked

[[noreturn]] void throwUnasked() {
    throw Error(ErrorCode::Internal, "the verifying process sent an unexpected message");
}

} // namespace

RelaySender::RelaySender(ResumingSource& source, ProgressReporter& reporter, relay::Ends ends, int cancelFd)
    : source_(source), reporter_(reporter), ends_(std::move(ends)), cancelFd_(cancelFd) {
    const int flags = checkErrno(::fcntl(ends_.pipe.get(), F_GETFL), "preparing the pipe");
    checkErrno(::fcntl(ends_.pipe.get(), F_SETFL, static_cast<unsigned>(flags) | O_NONBLOCK),
               "preparing the pipe");
    source_.compareWith([this](std::span<std::byte> into) { return lastBytes(into); });
    source_.discardIf([this] { return canDiscard(); });
}

RelaySender::~RelaySender() {
    source_.compareWith({});
    source_.discardIf({});
}

// The source is opened only after Begin: until then the verifying process prepares the target.
void RelaySender::run(const std::optional<Continuation>& continuation) {
    if (continuation) {
        source_.continueFrom(*continuation);
    }
    (void)await(FromVerifier::Begin);
    for (bool committed = false; !committed;) {
        try {
            deliver();
            if (const auto again = awaitVerdict()) {
                startOver(*again);
            } else {
                committed = true;
            }
        } catch (const StartOver& changed) {
            if (isAgainWanted()) { // the verdict on the earlier bytes comes first
                startOver(againOf(await(FromVerifier::Again)));
                continue;
            }
            auto packet = relay::packetOf(FromReceiver::Changed);
            packet.text(std::string_view(changed.what()).substr(0, relay::longestPacket / 2));
            send(packet);
            (void)await(FromVerifier::Again); // its verdict on the earlier bytes no longer matters
            reporter_.setState(TransferState::Waiting, fmt::format("starting over: {}", changed.what()));
            startOver({});
        }
    }
    source_.finish();
}

void RelaySender::deliver() {
    while (!isAgainWanted() && deliverSome()) {
    }
    if (!isAgainWanted()) {
        send(relay::packetOf(FromReceiver::End));
    }
}

bool RelaySender::deliverSome() {
    std::size_t count = 0;
    if (source_.info().spliceable) {
        if (!spliced_) {
            spliced_.emplace();
        }
        count = source_.splice(spliced_->writeEnd(), SplicePipe::wantedSize);
    } else {
        if (!buffer_) {
            buffer_ = std::make_unique_for_overwrite<std::byte[]>(bufferSize);
        }
        count = source_.read({buffer_.get(), bufferSize});
        copied_ = {buffer_.get(), count};
    }
    reportSource();
    forward(count);
    return count > 0;
}

// Counts are sent after the bytes are in the pipe, so that the other side never waits for bytes that a dead
// process owes it.
void RelaySender::forward(std::size_t count) {
    while (count > 0 && awaitRoom()) {
        const auto moved = moveToPeer(count);
        if (moved > 0) {
            auto packet = relay::packetOf(FromReceiver::Bytes);
            packet.wide(moved);
            send(packet);
            count -= moved;
        }
    }
    copied_ = {};
}

std::size_t RelaySender::moveToPeer(std::size_t count) {
    const auto moved = copied_.empty() ? ::splice(spliced_->readEnd(), nullptr, ends_.pipe.get(), nullptr,
                                                  count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                                       : ::write(ends_.pipe.get(), copied_.data(), copied_.size());
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (moved < 0 && errno == EPIPE) {
        peerIsGone_ = true;
        throw relay::PeerGone();
    }
    const auto size = static_cast<std::size_t>(checkErrno(moved, "writing to the verifying process"));
    if (!copied_.empty()) {
        copied_ = copied_.subspan(size);
    }
    return size;
}

bool RelaySender::awaitRoom() {
    if (!isAgainWanted()) {
        poll(true);
    }
    return !isAgainWanted();
}

void RelaySender::reportSource() {
    const auto info = source_.info();
    if (reported_ && reported_->size == info.size && reported_->validator == info.validator &&
        reported_->modified == info.modified) {
        return;
    }
    auto packet = relay::packetOf(FromReceiver::Source);
    packet.wide(info.size.value_or(unknownSize));
    packet.text(info.validator.size() <= channel::longestValidator ? info.validator : std::string());
    packet.wide(static_cast<std::uint64_t>(std::max<std::int64_t>(info.modified.value_or(0), 0)));
    send(packet);
    reported_ = info;
}

std::optional<RelaySender::Again> RelaySender::awaitVerdict() {
    while (received_.empty()) {
        poll(false);
    }
    const auto message = std::move(received_.front());
    received_.pop_front();
    if (message.kind == FromVerifier::Finish) {
        return std::nullopt;
    }
    auto again = message.kind == FromVerifier::Again ? againOf(message) : Again{};
    if (!again.failure) { // only Changed is answered so, and the source would continue where it is
        throwUnasked();
    }
    return again;
}

void RelaySender::startOver(const Again& again) {
    if (again.failure) {
        source_.reject(*again.failure, again.atEnd);
        reporter_.setState(TransferState::Waiting, fmt::format("starting over: {}", again.failure->what()));
    }
    spliced_.reset();
    reported_.reset();
    source_.startOver();
    send(relay::packetOf(FromReceiver::Restarted));
}

// Called within the source, which would take an exception for a failure of the server.
bool RelaySender::lastBytes(std::span<std::byte> into) {
    try {
        auto packet = relay::packetOf(FromReceiver::LastBytes);
        packet.wide(into.size());
        send(packet);
        const auto answer = await(FromVerifier::LastBytes);
        if (answer.content.size() == into.size()) {
            std::copy(answer.content.begin(), answer.content.end(), into.begin());
            return true;
        }
    } catch (const Error&) {
        // Cancelled, or the peer is gone: the next call of the source or the relay reports it.
    }
    return false;
}

// Called within the source, after each failure. The other process answers after it has read what was sent; if
// it has rejected that meanwhile, retrying would be in vain.
bool RelaySender::canDiscard() {
    bool can = true;
    try {
        send(relay::packetOf(FromReceiver::CanDiscard));
        can = PacketReader(await(FromVerifier::CanDiscard).content).number() != 0;
    } catch (const Error&) {
        // As in lastBytes().
    }
    if (isAgainWanted()) {
        throw StartOver("the bytes were wrong");
    }
    return can;
}

bool RelaySender::isAgainWanted() const {
    return std::any_of(received_.begin(), received_.end(),
                       [](const Message& message) { return message.kind == FromVerifier::Again; });
}

RelaySender::Message RelaySender::await(FromVerifier wanted) {
    for (;;) {
        const auto found = std::find_if(received_.begin(), received_.end(),
                                        [wanted](const Message& message) { return message.kind == wanted; });
        if (found != received_.end()) {
            auto message = std::move(*found);
            received_.erase(found);
            return message;
        }
        poll(false);
    }
}

// Waits for a message, which it receives, and with forRoom also for room in the pipe.
void RelaySender::poll(bool forRoom) {
    std::array<pollfd, 3> watched{{{.fd = cancelFd_, .events = POLLIN, .revents = 0},
                                   {.fd = ends_.socket.get(), .events = POLLIN, .revents = 0},
                                   {.fd = ends_.pipe.get(), .events = POLLOUT, .revents = 0}}};
    if (::poll(watched.data(), forRoom ? 3 : 2, -1) < 0) {
        if (errno == EINTR) {
            return;
        }
        throwErrno(errno, "waiting for the verifying process");
    }
    if (watched[0].revents != 0) {
        throw Error(ErrorCode::Cancelled, "cancelled");
    }
    if (watched[1].revents != 0) {
        receive();
    }
}

void RelaySender::receive() {
    std::vector<std::byte> room(relay::longestAnswer);
    const auto packet = receivePacket(ends_.socket.get(), room, 0, 0);
    if (!packet || packet->size == 0) {
        peerIsGone_ = true;
        throw relay::PeerGone();
    }
    if (!packet->whole || received_.size() >= mostWaiting) {
        throwUnasked();
    }
    room.resize(packet->size);
    const auto kind = static_cast<FromVerifier>(PacketReader(room).number());
    room.erase(room.begin(), room.begin() + sizeof(std::uint32_t));
    received_.push_back({.kind = kind, .content = std::move(room)});
}

void RelaySender::send(const PacketWriter& packet) {
    try {
        relay::send(ends_.socket.get(), packet);
    } catch (const relay::PeerGone&) {
        peerIsGone_ = true;
        throw;
    }
}

RelaySender::Again RelaySender::againOf(const Message& message) {
    PacketReader packet(message.content);
    const auto code = packet.number();
    const auto reason = plainText(packet.text(), channel::longestReason);
    Again again;
    again.atEnd = packet.number() != 0;
    if (code != 0) {
        again.failure.emplace(errorCodeFromNumber(static_cast<int>(code)).value_or(ErrorCode::Internal),
                              reason.empty() ? "the verifying process gave no reason" : reason);
    }
    return again;
}

} // namespace bootferry
