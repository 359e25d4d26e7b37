// SPDX-License-Identifier: LGPL-2.1-or-later
// Sessions, fill, target and server together; only the network is fake (range_server.h).
#include "piece_sessions.h"

#include <atomic>
#include <future>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descriptors.h"
#include "nbd_client.h"
#include "range_server.h"

namespace bootferry {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr auto piece = PieceMap::pieceSize;
constexpr std::uint64_t imageSize = 80 * piece + 1000;

class Listener : public ProgressListener {
public:
    void progressed(const Progress& progress) override {
        EXPECT_GE(progress.bytes, bytes_);
        bytes_ = progress.bytes;
        const std::lock_guard lock(mutex_);
        details_ += progress.detail + "\n";
    }
    [[nodiscard]] std::string details() {
        const std::lock_guard lock(mutex_);
        return details_;
    }

private:
    std::uint64_t bytes_ = 0;
    std::mutex mutex_;
    std::string details_;
};

class PieceSessionsTest : public testing::Test {
protected:
    void begin(bool ranges = true) {
        version = {.size = imageSize,
                   .validator = "\"v1\"",
                   .strongValidator = true,
                   .showsOffset = true,
                   .ranges = ranges,
                   .location = ""};
        ASSERT_EQ(::ftruncate(file.get(), 8 << 20U), 0);
        memory.begin(version);
        open();
        // As after the probe.
        for (std::uint64_t each = 0; each < 2; ++each) {
            for (std::uint64_t at = each * piece; at < (each + 1) * piece; ++at) {
                memory.head()[at] = RangeServer::byteAt(at);
            }
            fill->arrived(each);
        }
    }
    void open() {
        target.emplace(WriteTarget{.fd = file.get(), .capacity = 8 << 20U, .blockSize = 512}, memory.head(),
                       memory.version()->size);
        fill.emplace(*target, memory.present(),
                     PieceSessions::countFor(memory.version()->ranges, connections));
    }
    void start(std::vector<Origin> origins) {
        PieceSessions::Settings settings;
        settings.policy = {.first = milliseconds(2), .longest = milliseconds(4)};
        settings.certainAfter = certainAfter;
        settings.connections = connections;
        settings.limitRate = limitRate;
        settings.provedOrigin = provedOrigin;
        settings.isNetworkUp = [] { return true; };
        settings.opened = [this](std::size_t origin) { opened = origin; };
        sessions.emplace(std::move(origins), *memory.version(), settings, *fill, *target, reporter);
        sessions->start();
    }
    void start() { start({{.url = Url::parse("http://one/image"), .transport = &server}}); }
    void startBoth() {
        start({{.url = Url::parse("http://one/image"), .transport = &server},
               {.url = Url::parse("http://two/image"), .transport = &mirror}});
    }
    void expectImage() {
        target->commit();
        std::vector<std::byte> bytes(imageSize);
        ASSERT_EQ(::pread(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(imageSize));
        for (std::uint64_t at = 0; at < imageSize; ++at) {
            ASSERT_EQ(bytes[at], RangeServer::byteAt(at)) << at;
        }
    }
    // What was asked for, in bytes.
    static std::uint64_t requested(RangeServer& of) {
        std::uint64_t sum = 0;
        for (const auto& request : of.requests()) {
            sum += std::min(request.length.value_or(imageSize), imageSize - request.offset);
        }
        return sum;
    }

    UniqueFd file{::memfd_create("target", MFD_CLOEXEC)};
    UniqueFd memoryFile = FillMemory::make(imageSize);
    FillMemory memory{memoryFile};
    FillVersion version;
    std::optional<std::size_t> provedOrigin = 0;
    unsigned connections = 6;
    std::optional<std::uint64_t> limitRate;
    milliseconds certainAfter = std::chrono::minutes(5);
    RangeServer server{imageSize};
    RangeServer mirror{imageSize};
    Listener listener;
    ProgressReporter reporter{listener};
    std::atomic<std::size_t> opened = SIZE_MAX;
    std::optional<FillTarget> target;
    std::optional<ImageFill> fill;
    std::optional<PieceSessions> sessions;
};

TEST_F(PieceSessionsTest, FillTheTarget) {
    begin();
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    EXPECT_EQ(requested(server), imageSize - 2 * piece); // each byte once
    EXPECT_EQ(opened, 0U);
}

TEST_F(PieceSessionsTest, WithoutRangesOneStreamFills) {
    begin(false);
    server.info.ranges = false;
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    EXPECT_EQ(server.requests().size(), 1U); // nobody has read
}

TEST_F(PieceSessionsTest, NotMoreThanAllowed) {
    for (const bool ranges : {true, false}) {
        EXPECT_EQ(PieceSessions::countFor(ranges, 16), ranges ? 4U : 2U);
        EXPECT_EQ(PieceSessions::countFor(ranges, 2), 2U);
        EXPECT_EQ(PieceSessions::countFor(ranges, 1), 1U);
    }
}

TEST_F(PieceSessionsTest, OneConnectionFillsAndReads) {
    connections = 1;
    begin(false);
    server.info.ranges = false;
    EXPECT_EQ(fill->request(1, {.offset = 70 * piece, .length = 512}), Availability::Coming);
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U); // the rest is one stream before what was read, and one behind it
    EXPECT_EQ(requests[0].offset, 70 * piece);
    EXPECT_EQ(requests[1].offset, 2 * piece);
}

// Only the shortest time is checked, since the machine may be slow.
TEST_F(PieceSessionsTest, TheLimitIsThatOfAllTogether) {
    limitRate = 10 * imageSize; // four sessions with a limit of their own would take 25 ms
    begin();
    const auto begun = std::chrono::steady_clock::now();
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(60));
}

TEST_F(PieceSessionsTest, AReadIsServedBeforeTheFill) {
    begin();
    std::promise<void> release;
    const auto released = release.get_future().share();
    server.onRead = [&](const OpenRequest& request) {
        if (request.offset != 70 * piece) {
            released.wait();
        }
    };
    start();
    const NbdClient client;
    NbdServer serving(client.serverEnd(), -1, *fill);
    auto served = std::async(std::launch::async, [&serving] { serving.serve(); });
    client.read(5, 70 * piece + 512, 1024);
    EXPECT_EQ(client.reply().cookie, 5U); // while every other request hangs
    const auto bytes = client.receive(1024);
    EXPECT_EQ(std::byte(bytes[1000]), RangeServer::byteAt(70 * piece + 1512));
    release.set_value();
    EXPECT_TRUE(fill->waitUntilFull());
    client.disconnect();
    served.get();
    expectImage();
}

TEST_F(PieceSessionsTest, ALostConnectionIsRetried) {
    begin();
    std::atomic<int> cuts = 0;
    server.cutAfter = [&](const OpenRequest&) -> std::optional<std::size_t> {
        return ++cuts % 2 == 1 ? std::optional<std::size_t>(piece + 5) : std::nullopt;
    };
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
}

TEST_F(PieceSessionsTest, AServerThatGoesAwayIsWaitedFor) {
    begin();
    std::atomic<int> refusals = 30;
    server.onOpen = [&](const OpenRequest&) {
        if (refusals-- > 0) {
            throw Error(ErrorCode::Unreachable, "connection refused");
        }
    };
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    EXPECT_THAT(listener.details(), HasSubstr("connection refused"));
}

TEST_F(PieceSessionsTest, ADeadServerIsReplacedByAMirrorThatIsProvedFirst) {
    begin();
    server.onOpen = [](const OpenRequest&) { throw Error(ErrorCode::Unreachable, "no route"); };
    startBoth();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    EXPECT_EQ(opened, 1U);
    const auto proofs = mirror.requests();
    EXPECT_TRUE(std::any_of(proofs.begin(), proofs.end(), [](const auto& request) {
        return request.offset == 4 << 10U && request.length == 32 << 10U;
    }));
}

TEST_F(PieceSessionsTest, AMirrorOfAnotherVersionContributesNothing) {
    begin();
    std::atomic<bool> isBack = false;
    server.onOpen = [&](const OpenRequest&) {
        if (!isBack) {
            throw Error(ErrorCode::Unreachable, "no route");
        }
    };
    mirror.info.validator = "\"v2\"";
    mirror.accepted = "\"v1\""; // it ignores the validator of the request
    mirror.onRead = [](const OpenRequest&) { ADD_FAILURE() << "bytes of another version are read"; };
    startBoth();
    while (listener.details().find("another version") == std::string::npos) {
        std::this_thread::yield();
    }
    isBack = true;
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
}

TEST_F(PieceSessionsTest, AMirrorWithOtherBytesAndTheSameValidatorIsFoundOut) {
    begin();
    std::atomic<bool> isBack = false;
    server.onOpen = [&](const OpenRequest&) {
        if (!isBack) {
            throw Error(ErrorCode::Unreachable, "no route");
        }
    };
    mirror.cutAfter = [](const OpenRequest& request) { return request.length.value_or(0) - 1; };
    mirror.wrongBeforeCut = 1000;
    startBoth();
    while (mirror.requests().size() < 5) {
        std::this_thread::yield();
    }
    EXPECT_EQ(fill->presentBytes(), 2 * piece);
    isBack = true;
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
}

TEST_F(PieceSessionsTest, AServerThatDoesNotShowItsOffsetsIsProvedOnce) {
    begin();
    version.showsOffset = false;
    memory.begin(version);
    fill.reset();
    open();
    for (std::uint64_t at = 0; at < piece; ++at) {
        memory.head()[at] = RangeServer::byteAt(at);
    }
    fill->arrived(0);
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    const auto all = server.requests();
    const auto proofs =
        std::count_if(all.begin(), all.end(), [](const auto& request) { return request.offset == 4 << 10U; });
    EXPECT_GE(proofs, 1);
    EXPECT_LE(proofs, 4); // each session at most, if they begin at the same time
}

TEST_F(PieceSessionsTest, ARedirectToSeveralPlacesIsFollowedWhenEachIsProved) {
    begin();
    std::atomic<unsigned> turn = 0;
    server.locationOf = [&](const OpenRequest&) { return "http://place" + std::to_string(turn++ % 3); };
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
}

TEST_F(PieceSessionsTest, AChangedImageIsAClearStateAndReadsOfTheRestFailWhenItIsCertain) {
    certainAfter = milliseconds(1);
    begin();
    server.accepted = "\"v1\"";
    server.info.validator = "\"v2\"";
    start();
    const NbdClient client;
    NbdServer serving(client.serverEnd(), -1, *fill);
    auto served = std::async(std::launch::async, [&serving] { serving.serve(); });
    client.read(1, 50 * piece, 512);
    EXPECT_EQ(client.reply().error, 5U);
    client.read(2, 512, 512); // is there, and stays
    EXPECT_EQ(client.reply().error, 0U);
    (void)client.receive(512);
    EXPECT_THAT(listener.details(),
                HasSubstr("what has not arrived cannot be read: the image on the server has changed"));
    EXPECT_EQ(fill->presentBytes(), 2 * piece);
    client.disconnect();
    served.get();
}

TEST_F(PieceSessionsTest, AChangedImageThatComesBackIsFetchedToTheEnd) {
    certainAfter = milliseconds(1);
    begin();
    std::atomic<bool> isBack = false;
    server.onOpen = [&](const OpenRequest&) {
        if (!isBack) {
            throw Error(ErrorCode::NotFound, "server answered 404");
        }
    };
    start();
    while (listener.details().find("cannot be read") == std::string::npos) {
        std::this_thread::yield();
    }
    isBack = true;
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
}

TEST_F(PieceSessionsTest, ReadsWaitUntilItIsCertain) {
    begin();
    server.onOpen = [&](const OpenRequest&) { throw Error(ErrorCode::NotFound, "server answered 404"); };
    start();
    EXPECT_EQ(fill->request(1, {.offset = 50 * piece, .length = 512}), Availability::Coming);
    while (listener.details().find("the running system waits for its image") == std::string::npos) {
        std::this_thread::yield();
    }
    EXPECT_EQ(fill->availability({.offset = 50 * piece, .length = 512}), Availability::Coming);
}

TEST_F(PieceSessionsTest, TheNextWorkerFetchesOnlyWhatIsMissing) {
    begin();
    std::atomic<int> reads = 0;
    server.onRead = [&](const OpenRequest& request) {
        if (++reads > 1500) { // of 1000 bytes
            while (!isReadable(request.cancelFd)) {
                std::this_thread::yield();
            }
        }
    };
    start();
    while (reads < 1500) {
        std::this_thread::yield();
    }
    sessions.reset(); // as if it was killed
    const auto present = fill->presentBytes();
    EXPECT_GT(present, 10 * piece);
    EXPECT_LT(present, imageSize);
    fill.reset();
    server.onRead = {};
    const auto before = requested(server);
    open();
    EXPECT_EQ(fill->presentBytes(), present);
    provedOrigin.reset(); // the first one may have been a mirror
    start();
    EXPECT_TRUE(fill->waitUntilFull());
    expectImage();
    const auto proofs = requested(server) - before - (imageSize - present);
    EXPECT_GE(proofs, 32U << 10U);
    EXPECT_LE(proofs, PieceSessions::countFor(true, connections) * (32U << 10U));
}

TEST_F(PieceSessionsTest, ATargetThatCannotBeWrittenEndsIt) {
    begin();
    ASSERT_GE(::fcntl(file.get(), F_SETFL, 0), 0);
    UniqueFd readOnly(::open(descriptorPath(file.get()).c_str(), O_RDONLY | O_CLOEXEC));
    target.emplace(WriteTarget{.fd = readOnly.get(), .capacity = 8 << 20U, .blockSize = 512}, memory.head(),
                   imageSize);
    start();
    try {
        (void)fill->waitUntilFull();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Io);
        EXPECT_THAT(error.what(), HasSubstr("writing the target"));
    }
}

TEST_F(PieceSessionsTest, EndWhileTheyWaitForAServer) {
    begin();
    server.onOpen = [](const OpenRequest&) { throw Error(ErrorCode::Unreachable, "no route"); };
    start();
    while (listener.details().find("no route") == std::string::npos) {
        std::this_thread::yield();
    }
    sessions.reset();
    EXPECT_FALSE(fill->waitUntilFull());
}

} // namespace
} // namespace bootferry
