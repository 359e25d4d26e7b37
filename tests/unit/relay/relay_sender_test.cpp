// SPDX-License-Identifier: LGPL-2.1-or-later
// The receiving process, and what it does with answers that a correct verifying process never gives: that one
// decodes what comes from the network, and may be taken over as well.
#include "relay_sender.h"

#include <array>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../transfer/source/fake_transport.h"

namespace bootferry {
namespace {

using relay::FromReceiver;
using relay::FromVerifier;
using testing::HasSubstr;

class RelaySenderTest : public testing::Test, protected ProgressListener {
protected:
    RelaySenderTest() {
        server_.content = "the bytes of an image";
        restart();
    }

    void restart() {
        auto relay = relay::makeRelay();
        verifier_ = std::move(relay.verifier);
        sender_.reset();
        ResumeSettings settings;
        settings.cancelFd = cancelled_.get();
        source_.emplace(
            std::vector<Origin>{{.url = Url::parse("http://server/image"), .transport = &server_}}, settings,
            reporter_);
        sender_.emplace(*source_, reporter_, std::move(relay.receiver), cancelled_.get());
    }

    void progressed(const Progress&) override {}

    void send(const PacketWriter& packet) const { relay::send(verifier_.socket.get(), packet); }

    std::string failure(std::initializer_list<PacketWriter> packets) {
        for (const auto& packet : packets) {
            send(packet);
        }
        try {
            sender_->run({});
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    }

    // The kinds of all messages, and the sum of the announced bytes.
    std::pair<std::vector<FromReceiver>, std::uint64_t> sent() const {
        std::vector<FromReceiver> kinds;
        std::uint64_t sum = 0;
        for (;;) {
            std::array<std::byte, relay::longestPacket> room{};
            const auto packet = receivePacket(verifier_.socket.get(), room, 0, MSG_DONTWAIT);
            if (!packet || packet->size == 0) {
                return {kinds, sum};
            }
            PacketReader reader{std::span<const std::byte>(room).first(packet->size)};
            kinds.push_back(static_cast<FromReceiver>(reader.number()));
            sum += kinds.back() == FromReceiver::Bytes ? reader.wide() : 0;
        }
    }

    static UniqueFd neverCancelled() {
        std::array<int, 2> ends{};
        checkErrno(::pipe2(ends.data(), O_CLOEXEC), "pipe");
        static UniqueFd open;
        open.reset(ends[1]);
        return UniqueFd(ends[0]);
    }

    FakeTransport server_;
    UniqueFd cancelled_ = neverCancelled();
    ProgressReporter reporter_{*this};
    relay::Ends verifier_;
    std::optional<ResumingSource> source_;
    std::optional<RelaySender> sender_;
};

const PacketWriter begin = relay::packetOf(FromVerifier::Begin);
const PacketWriter finish = relay::packetOf(FromVerifier::Finish);

TEST_F(RelaySenderTest, WhatIsInThePipeIsAnnounced) {
    EXPECT_EQ(failure({begin, finish}), "none");
    const auto [kinds, sum] = sent();
    EXPECT_EQ(kinds.front(), FromReceiver::Source);
    EXPECT_EQ(kinds.back(), FromReceiver::End);
    EXPECT_EQ(sum, server_.content.size());
    std::string bytes(100, '\0');
    bytes.resize(static_cast<std::size_t>(::read(verifier_.pipe.get(), bytes.data(), bytes.size())));
    EXPECT_EQ(bytes, server_.content);
    EXPECT_EQ(server_.committed, 1);
}

TEST_F(RelaySenderTest, NothingIsRequestedBeforeTheOtherIsReady) {
    verifier_ = {};
    EXPECT_THROW(sender_->run({}), relay::PeerGone);
    EXPECT_TRUE(sender_->peerIsGone());
    EXPECT_TRUE(server_.requests.empty());
}

TEST_F(RelaySenderTest, AWrongVerdictIsNoSuccess) {
    auto truncated = relay::packetOf(FromVerifier::Again);
    truncated.number(7);
    truncated.number(UINT32_MAX);
    PacketWriter tooLong;
    const std::vector<std::byte> many(relay::longestAnswer + 1);
    tooLong.raw(many.data(), many.size());
    PacketWriter half;
    half.raw("xy", 2);
    struct Row {
        PacketWriter packet;
        const char* how;
    };
    const Row rows[] = {
        {truncated, "truncated"},
        {tooLong, "sent an unexpected message"},
        {half, "truncated"},
        {relay::packetOf(FromVerifier(99)), "sent an unexpected message"},
        {relay::packetOf(FromVerifier::LastBytes), "sent an unexpected message"},
    };
    for (const auto& row : rows) {
        restart();
        EXPECT_THAT(failure({begin, row.packet}), HasSubstr(row.how));
        EXPECT_EQ(server_.committed, 0);
    }
}

TEST_F(RelaySenderTest, AFloodOfAnswersIsRefused) {
    const auto answer = relay::packetOf(FromVerifier::CanDiscard);
    EXPECT_THAT(failure({answer, answer, answer, answer, answer, answer, answer, answer, answer}),
                HasSubstr("sent an unexpected message"));
}

} // namespace
} // namespace bootferry
