// SPDX-License-Identifier: LGPL-2.1-or-later
// The server over a real socket pair; the image is a fake one, of which the test says what has arrived.
#include "nbd_server.h"

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "descriptors.h"
#include "errors.h"
#include "nbd_client.h"

namespace bootferry {
namespace {

using testing::HasSubstr;

class FakeImage : public ServedImage {
public:
    explicit FakeImage(std::size_t size) : content_(size, '\0') {
        for (std::size_t at = 0; at < size; ++at) {
            content_[at] = static_cast<char>(at * 31 + at / 251);
        }
    }
    void setPresent(const Extent& bytes, Availability how = Availability::Present) {
        {
            const std::lock_guard lock(mutex_);
            known_[bytes.offset] = {bytes, how};
        }
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(changed_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    }
    [[nodiscard]] std::string content(const Extent& bytes) const {
        return content_.substr(bytes.offset, bytes.length);
    }

    std::uint64_t servedSize() const override { return content_.size(); }
    Availability request(std::uint64_t number, const Extent& bytes) override {
        const auto now = availability(bytes);
        waiting += now == Availability::Coming ? 1 : 0;
        last = number;
        return now;
    }
    Availability availability(const Extent& bytes) override {
        const std::lock_guard lock(mutex_);
        for (const auto& [offset, known] : known_) {
            if (known.first.offset <= bytes.offset && bytes.end() <= known.first.end()) {
                return known.second;
            }
        }
        return Availability::Coming;
    }
    void answered(std::uint64_t) override { --waiting; }
    std::span<const std::byte> bytes(std::uint64_t offset, std::size_t most) override {
        if (offset >= unreadableFrom) {
            throw Error(ErrorCode::Io, "reading the target");
        }
        return std::as_bytes(std::span(content_)).subspan(offset, most);
    }
    int changeFd() const override { return changed_.get(); }
    void acknowledge() override {
        std::uint64_t count = 0;
        EXPECT_EQ(::read(changed_.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
    }

    std::atomic<int> waiting = 0;
    std::atomic<std::uint64_t> last = 0;
    std::atomic<std::uint64_t> unreadableFrom = UINT64_MAX;

private:
    std::string content_;
    std::mutex mutex_;
    std::map<std::uint64_t, std::pair<Extent, Availability>> known_;
    UniqueFd changed_{::eventfd(0, EFD_CLOEXEC)};
};

class NbdServerTest : public testing::Test {
protected:
    static constexpr std::size_t size = 1 << 20U;

    void SetUp() override {
        served_ = std::async(std::launch::async, [this]() -> std::optional<Error> {
            try {
                NbdServer(client.serverEnd(), cancel.first.get(), image).serve();
                return std::nullopt;
            } catch (const Error& error) {
                return error;
            }
        });
    }
    void TearDown() override {
        if (served_.valid()) {
            cancel.second.reset();
            EXPECT_EQ(served_.get()->code(), ErrorCode::Cancelled);
        }
    }
    std::optional<Error> end() { return served_.get(); }
    void endsWith(ErrorCode code, const std::string& text) {
        const auto error = end();
        ASSERT_TRUE(error);
        EXPECT_EQ(error->code(), code);
        EXPECT_THAT(error->what(), HasSubstr(text));
    }
    void expectBytes(std::uint64_t cookie, const Extent& bytes) {
        const auto reply = client.reply();
        EXPECT_EQ(reply.error, 0U);
        EXPECT_EQ(reply.cookie, cookie);
        EXPECT_EQ(client.receive(bytes.length), image.content(bytes));
    }
    void awaitWaiting(int count) {
        while (image.waiting != count) {
            std::this_thread::yield();
        }
    }

    FakeImage image{size};
    NbdClient client;
    std::pair<UniqueFd, UniqueFd> cancel = makePipe();

private:
    std::future<std::optional<Error>> served_;
};

TEST_F(NbdServerTest, WhatIsThereIsAnsweredAtOnce) {
    image.setPresent({.offset = 0, .length = size});
    client.read(7, 4096, 512);
    expectBytes(7, {.offset = 4096, .length = 512});
    client.read(8, size - 1, 1);
    expectBytes(8, {.offset = size - 1, .length = 1});
    client.disconnect();
    EXPECT_FALSE(end());
}

TEST_F(NbdServerTest, ALongReadIsWhole) {
    image.setPresent({.offset = 0, .length = size});
    client.read(1, 0, size);
    expectBytes(1, {.offset = 0, .length = size});
}

TEST_F(NbdServerTest, WhatIsMissingIsAnsweredWhenItArrivesInAnyOrder) {
    client.read(1, 0, 4096);
    client.read(2, 8192, 4096);
    awaitWaiting(2);
    image.setPresent({.offset = 8192, .length = 4096});
    expectBytes(2, {.offset = 8192, .length = 4096});
    awaitWaiting(1);
    client.read(3, 8192, 512); // is not held up by the one that waits
    expectBytes(3, {.offset = 8192, .length = 512});
    image.setPresent({.offset = 0, .length = 4096});
    expectBytes(1, {.offset = 0, .length = 4096});
    awaitWaiting(0);
}

TEST_F(NbdServerTest, WhatIsLostIsAnError) {
    image.setPresent({.offset = 0, .length = 4096}, Availability::Lost);
    client.read(1, 0, 4096);
    EXPECT_EQ(client.reply().error, 5U);
    client.read(2, 65536, 512);
    awaitWaiting(1);
    image.setPresent({.offset = 65536, .length = 512}, Availability::Lost);
    const auto reply = client.reply();
    EXPECT_EQ(reply.error, 5U);
    EXPECT_EQ(reply.cookie, 2U);
}

TEST_F(NbdServerTest, ATargetThatCannotBeReadIsAnErrorOfThatRead) {
    image.setPresent({.offset = 0, .length = size});
    image.unreadableFrom = 8192;
    client.read(1, 8192, 512);
    EXPECT_EQ(client.reply().error, 5U);
    client.read(2, 0, 512);
    expectBytes(2, {.offset = 0, .length = 512});
}

TEST_F(NbdServerTest, WritesAreRefusedWithTheirPayload) {
    image.setPresent({.offset = 0, .length = size});
    client.send(NbdClient::request(1, 9, 0, 100'000));
    client.send(std::string(100'000, 'x'));
    auto reply = client.reply();
    EXPECT_EQ(reply.error, 1U);
    EXPECT_EQ(reply.cookie, 9U);
    for (const std::uint16_t type : {std::uint16_t{4}, std::uint16_t{6}}) { // trim, write zeroes
        client.send(NbdClient::request(type, type, 0, 4096));
        reply = client.reply();
        EXPECT_EQ(reply.error, 1U);
        EXPECT_EQ(reply.cookie, type);
    }
    client.read(10, 0, 512);
    expectBytes(10, {.offset = 0, .length = 512});
}

TEST_F(NbdServerTest, FlushSucceedsAndWhatIsUnknownDoesNot) {
    client.send(NbdClient::request(3, 1, 0, 0));
    EXPECT_EQ(client.reply().error, 0U);
    client.send(NbdClient::request(99, 2, 0, 0));
    EXPECT_EQ(client.reply().error, 22U);
}

TEST_F(NbdServerTest, RequestsMayComeInSmallParts) {
    image.setPresent({.offset = 0, .length = size});
    for (const auto byte : NbdClient::request(0, 77, 0, 512)) {
        client.send(std::string(1, byte));
    }
    expectBytes(77, {.offset = 0, .length = 512});
}

TEST_F(NbdServerTest, MoreRequestsThanItQueuesStayInTheSocket) {
    constexpr auto more = NbdServer::mostWaiting + 50;
    for (std::size_t each = 0; each < more; ++each) {
        client.read(each, 0, 512);
    }
    awaitWaiting(NbdServer::mostWaiting);
    EXPECT_EQ(image.last, NbdServer::mostWaiting);
    image.setPresent({.offset = 0, .length = 512});
    for (std::size_t each = 0; each < more; ++each) {
        expectBytes(each, {.offset = 0, .length = 512});
    }
}

TEST_F(NbdServerTest, AClientThatDoesNotReadHoldsUpNobodyElse) {
    image.setPresent({.offset = 0, .length = size});
    client.read(1, 0, size); // more than a socket holds
    // TearDown() cancels, which it must notice.
}

TEST_F(NbdServerTest, AnotherMagicEndsIt) {
    client.send(std::string(28, 'x'));
    endsWith(ErrorCode::Protocol, "NBD's magic");
}

TEST_F(NbdServerTest, AReadBeyondTheEndEndsIt) {
    client.read(1, size - 511, 512);
    endsWith(ErrorCode::Protocol, "it reads 512 bytes at");
}

TEST_F(NbdServerTest, AnOffsetThatOverflowsEndsIt) {
    client.read(1, UINT64_MAX - 100, 512);
    endsWith(ErrorCode::Protocol, "it reads 512 bytes at");
}

TEST_F(NbdServerTest, AReadOfNothingEndsIt) {
    client.read(1, 0, 0);
    endsWith(ErrorCode::Protocol, "it reads 0 bytes at once");
}

TEST_F(NbdServerTest, AReadOfTooMuchEndsIt) {
    client.read(1, 0, (32U << 20U) + 1);
    endsWith(ErrorCode::Protocol, "it reads 33554433 bytes at once");
}

TEST_F(NbdServerTest, AWriteOfTooMuchEndsIt) {
    client.send(NbdClient::request(1, 1, 0, (32U << 20U) + 1));
    endsWith(ErrorCode::Protocol, "it writes 33554433 bytes at once");
}

TEST_F(NbdServerTest, AClosedConnectionIsNoDisconnect) {
    client.read(1, 0, 512);
    client.close();
    endsWith(ErrorCode::Io, "has closed the connection");
}

TEST_F(NbdServerTest, AClosedConnectionIsNoticedWhileTheQueueIsFull) {
    for (std::size_t each = 0; each < NbdServer::mostWaiting; ++each) {
        client.read(each, 0, 512);
    }
    awaitWaiting(NbdServer::mostWaiting);
    client.close();
    endsWith(ErrorCode::Io, "has closed the connection");
}

} // namespace
} // namespace bootferry
