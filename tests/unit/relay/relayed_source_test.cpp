// SPDX-License-Identifier: LGPL-2.1-or-later
// The verifying process against a receiving one that was taken over: each test says what that one sends.
// Nothing here waits, since all that is read was sent before.
#include "relayed_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bootferry {
namespace {

using relay::FromReceiver;
using relay::FromVerifier;
using testing::HasSubstr;

PacketWriter say(FromReceiver kind) {
    return relay::packetOf(kind);
}

PacketWriter number(FromReceiver kind, std::uint64_t value) {
    auto packet = say(kind);
    packet.wide(value);
    return packet;
}

PacketWriter text(FromReceiver kind, std::string_view value) {
    auto packet = say(kind);
    packet.text(value);
    return packet;
}

PacketWriter sourceOf(std::uint64_t size, std::string_view validator, std::uint64_t modified) {
    auto packet = number(FromReceiver::Source, size);
    packet.text(validator);
    packet.wide(modified);
    return packet;
}

PacketWriter cut(const PacketWriter& packet, std::size_t size) {
    PacketWriter shorter;
    shorter.raw(packet.bytes().data(), size);
    return shorter;
}

class RelayedSourceTest : public testing::Test, protected ProgressListener {
protected:
    RelayedSourceTest() { restart(); }

    void restart() {
        auto relay = relay::makeRelay();
        receiver_ = std::move(relay.receiver);
        source_.emplace(std::move(relay.verifier), reporter_);
    }

    void progressed(const Progress&) override {}

    void send(const PacketWriter& packet) const { relay::send(receiver_.socket.get(), packet); }

    void put(std::string_view bytes) const {
        ASSERT_EQ(::write(receiver_.pipe.get(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }

    std::string read(std::size_t most = 100) {
        std::string bytes(most, '\0');
        bytes.resize(source_->read(std::as_writable_bytes(std::span(bytes))));
        return bytes;
    }

    // How this packet, or the packets sent before it, violate the protocol.
    std::string breach(const PacketWriter& packet) {
        send(packet);
        try {
            (void)read();
        } catch (const relay::PeerGone&) {
            return "the other one is gone";
        } catch (const StartOver& why) {
            return std::string("to start over: ") + why.what();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Internal);
            EXPECT_THAT(error.what(), HasSubstr("the transfer process violated the protocol"));
            return error.what();
        }
        return "none";
    }

    // What the source sends next.
    std::vector<std::byte> heard() const {
        std::vector<std::byte> room(relay::longestAnswer);
        const auto packet = receivePacket(receiver_.socket.get(), room, 0, MSG_DONTWAIT);
        EXPECT_TRUE(packet && packet->whole);
        room.resize(packet ? packet->size : 0);
        return room;
    }

    void expectHeard(FromVerifier kind) const {
        EXPECT_EQ(PacketReader(heard()).number(), static_cast<std::uint32_t>(kind));
    }

    relay::Ends receiver_;
    ProgressReporter reporter_{*this};
    std::optional<RelayedSource> source_;
};

TEST_F(RelayedSourceTest, BytesComeAsTheyWereAnnounced) {
    send(sourceOf(9, "v", 7));
    put("abcdefghi");
    send(number(FromReceiver::Bytes, 5));
    send(number(FromReceiver::Bytes, 4));
    send(say(FromReceiver::End));
    EXPECT_EQ(read(), "abcde");
    EXPECT_EQ(read(3), "fgh");
    EXPECT_EQ(read(), "i");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(source_->info().size, 9U);
    EXPECT_EQ(source_->info().validator, "v");
    EXPECT_EQ(source_->info().modified, 7);
    expectHeard(FromVerifier::Begin);
}

TEST_F(RelayedSourceTest, LengthsAndCountsThatCannotBeAreBreaches) {
    struct Row {
        PacketWriter packet;
        const char* how;
    };
    auto endless = say(FromReceiver::Changed);
    endless.number(UINT32_MAX);
    auto endlessValidator = number(FromReceiver::Source, 1);
    endlessValidator.number(UINT32_MAX - 3); // its end wraps around to a small number
    const Row rows[] = {
        {number(FromReceiver::Bytes, 0), "announced 0 bytes"},
        {number(FromReceiver::Bytes, 1ULL << 63U), "announced 9223372036854775808 bytes"},
        {number(FromReceiver::Bytes, UINT64_MAX), "announced 18446744073709551615 bytes"},
        {number(FromReceiver::LastBytes, 1), "the last 1 of 0 bytes"},
        {number(FromReceiver::LastBytes, UINT64_MAX), "the last 18446744073709551615"},
        {endless, "truncated"},
        {endlessValidator, "truncated"},
        {say(FromReceiver::Restarted), "without being asked"},
        {relay::packetOf(FromReceiver(0)), "no message 0"},
        {relay::packetOf(FromReceiver(8)), "no message 8"},
        {relay::packetOf(FromReceiver(UINT32_MAX)), "no message 4294967295"},
        {text(FromReceiver::Changed, std::string(relay::longestPacket, 'x')), "too long"},
    };
    for (const auto& row : rows) {
        restart();
        EXPECT_THAT(breach(row.packet), HasSubstr(row.how));
    }
}

TEST_F(RelayedSourceTest, HalfMessagesAndMoreThanMessagesAreBreaches) {
    for (const auto& packet : {sourceOf(9, "validator", 7), number(FromReceiver::Bytes, 5),
                               say(FromReceiver::End), text(FromReceiver::Changed, "it changed"),
                               number(FromReceiver::LastBytes, 0), say(FromReceiver::CanDiscard)}) {
        for (std::size_t size = 1; size < packet.bytes().size(); ++size) {
            restart();
            EXPECT_THAT(breach(cut(packet, size)), HasSubstr("truncated")) << size;
        }
        restart();
        auto longer = packet;
        longer.raw("x", 1);
        EXPECT_THAT(breach(longer), HasSubstr("trailing bytes"));
    }
}

TEST_F(RelayedSourceTest, AnEmptyMessageIsAnEnd) {
    EXPECT_EQ(breach(PacketWriter()), "the other one is gone");
}

TEST_F(RelayedSourceTest, ASumThatNoSourceCanHaveIsABreach) {
    put("x");
    send(number(FromReceiver::Bytes, 1));
    EXPECT_EQ(read(), "x");
    EXPECT_THAT(breach(number(FromReceiver::Bytes, relay::mostBytes)), HasSubstr("bytes after 1"));
}

TEST_F(RelayedSourceTest, AnnouncedBytesThatNeverComeEndWithTheOther) {
    put("abc");
    send(number(FromReceiver::Bytes, relay::mostBytes));
    EXPECT_EQ(read(), "abc");
    receiver_ = {};
    EXPECT_THROW((void)read(), relay::PeerGone);
}

TEST_F(RelayedSourceTest, BytesThatNobodyAnnouncedAreNotRead) {
    put("abcdef");
    send(number(FromReceiver::Bytes, 2));
    send(say(FromReceiver::End));
    EXPECT_EQ(read(), "ab");
    EXPECT_EQ(read(), "");
}

TEST_F(RelayedSourceTest, WhatASourceCannotBeIsUnknown) {
    send(sourceOf(1ULL << 63U, std::string(2000, 'v'), 1ULL << 63U));
    send(say(FromReceiver::End));
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(source_->info().size);
    EXPECT_EQ(source_->info().validator, "");
    EXPECT_FALSE(source_->info().modified);
}

TEST_F(RelayedSourceTest, NothingFollowsTheEnd) {
    for (const auto& packet : {sourceOf(9, "v", 7), number(FromReceiver::Bytes, 5), say(FromReceiver::End),
                               text(FromReceiver::Changed, "again")}) {
        restart();
        send(say(FromReceiver::End));
        EXPECT_EQ(read(), "");
        send(packet);
        EXPECT_EQ(read(), "") << "it is not even looked at before the verdict";
    }
}

TEST_F(RelayedSourceTest, AReasonToStartOverIsOnePlainLine) {
    EXPECT_EQ(breach(text(FromReceiver::Changed, "new\n\x1b[2Jversion")), "to start over: new  [2Jversion");
}

TEST_F(RelayedSourceTest, WhatComesBeforeTheRestartIsDiscarded) {
    put("old");
    send(number(FromReceiver::Bytes, 3));
    EXPECT_EQ(read(2), "ol");
    send(say(FromReceiver::End));
    send(text(FromReceiver::Changed, "late"));
    put("late");
    send(number(FromReceiver::Bytes, 4));
    send(number(FromReceiver::LastBytes, relay::mostLastBytes));
    send(say(FromReceiver::CanDiscard));
    send(say(FromReceiver::Restarted));
    source_->reject(Error(ErrorCode::Checksum, "wrong"), true);
    source_->startOver();
    put("new");
    send(number(FromReceiver::Bytes, 3));
    EXPECT_EQ(read(), "new");
    expectHeard(FromVerifier::Begin);
    const auto again = heard();
    PacketReader packet(again);
    EXPECT_EQ(packet.number(), static_cast<std::uint32_t>(FromVerifier::Again));
    EXPECT_EQ(packet.number(), static_cast<std::uint32_t>(ErrorCode::Checksum));
    EXPECT_EQ(packet.text(), "wrong");
    EXPECT_EQ(packet.number(), 1U);
    EXPECT_EQ(heard().size(), sizeof(std::uint32_t)) << "no last bytes";
    expectHeard(FromVerifier::CanDiscard);
}

TEST_F(RelayedSourceTest, ABreachWhileDiscardingIsOneToo) {
    source_->reject(Error(ErrorCode::Checksum, "wrong"), true);
    send(number(FromReceiver::LastBytes, relay::mostLastBytes + 1));
    EXPECT_THROW(source_->startOver(), Error);
}

} // namespace
} // namespace bootferry
