// SPDX-License-Identifier: LGPL-2.1-or-later
// Listeners on loopback. One whose queue is full drops what knocks, as a black hole does; the deadline of a
// minute is far below what the kernel itself waits for such an address, and far above all else.
#include "tcp_connection.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "event.h"
#include "failure_of.h"

namespace bootferry::plugin {
namespace {

using namespace std::chrono_literals;
using Order = ConnectOptions::Order;

constexpr auto far = 1h;

Endpoint loopback(int family) {
    Endpoint endpoint;
    endpoint.address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
        reinterpret_cast<sockaddr_in6*>(&endpoint.address)->sin6_addr = in6addr_loopback;
        endpoint.length = sizeof(sockaddr_in6);
    } else {
        reinterpret_cast<sockaddr_in*>(&endpoint.address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        endpoint.length = sizeof(sockaddr_in);
    }
    return endpoint;
}

class Listener {
public:
    explicit Listener(int backlog = 8, int family = AF_INET)
        : endpoint_(loopback(family)),
          socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        works_ = socket_ && ::bind(socket_.get(), endpoint_.plain(), endpoint_.length) == 0 &&
                 ::listen(socket_.get(), backlog) == 0 &&
                 ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&endpoint_.address),
                               &endpoint_.length) == 0;
    }

    [[nodiscard]] bool works() const { return works_; }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] unsigned port() const {
        return ntohs(reinterpret_cast<const sockaddr_in*>(&endpoint_.address)->sin_port);
    }
    // Takes one that knocked.
    [[nodiscard]] bool accept() const {
        return bool(Descriptor(::accept4(socket_.get(), nullptr, nullptr, 0)));
    }

private:
    Endpoint endpoint_;
    Descriptor socket_;
    bool works_ = false;
};

// A listener whose queue of one is full.
class BlackHole : public Listener {
public:
    BlackHole() : Listener(0), filler_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::connect(filler_.get(), endpoint().plain(), endpoint().length), 0);
    }

private:
    Descriptor filler_;
};

Endpoint refusing() {
    return Listener().endpoint(); // closed again
}

// How many connections to these ports are on their way (SYN_SENT in proc(5)).
unsigned attemptsAt(const std::vector<unsigned>& ports) {
    std::ifstream table("/proc/self/net/tcp");
    std::string line;
    unsigned count = 0;
    while (std::getline(table, line)) {
        std::istringstream words(line);
        std::string number;
        std::string local;
        std::string remote;
        std::string state;
        words >> number >> local >> remote >> state;
        for (const auto port : ports) {
            const auto colon = remote.find(':');
            count += state == "02" && colon != std::string::npos &&
                             std::stoul(remote.substr(colon + 1), nullptr, 16) == port
                         ? 1
                         : 0;
        }
    }
    return count;
}

class TcpConnectionTest : public testing::Test {
protected:
    // Announces in each millisecond of a wait.
    Waiter waiterThatCalls(std::function<void()> call) {
        Waiter waiter(
            cancel_.fd(), [call = std::move(call)](const std::string&) { call(); }, 1ms);
        waiter.setDeadline(Waiter::Clock::now() + 1min, "a minute has passed");
        waiter.announce("connecting");
        return waiter;
    }

    static bool isConnectedTo(const Descriptor& socket, const Listener& listener) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        return ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &length) == 0 &&
               length == listener.endpoint().length &&
               std::memcmp(&peer, &listener.endpoint().address, length) == 0;
    }

    Event cancel_;
    Waiter waiter_ = waiterThatCalls([] {});
};

TEST_F(TcpConnectionTest, TheFirstServerThatAnswersIsTheOnlyOneTried) {
    const Listener first;
    const Listener second;
    const auto result =
        connectTo(std::vector{first.endpoint(), second.endpoint()}, waiter_, {.attemptTime = far});
    EXPECT_TRUE(isConnectedTo(result.socket, first));
    EXPECT_FALSE(second.accept());
}

TEST_F(TcpConnectionTest, ABlackHoleCostsAQuarterOfASecondAndNoTimeout) {
    const BlackHole first;
    const Listener second;
    const auto result = connectTo(std::vector{first.endpoint(), second.endpoint()}, waiter_, {});
    EXPECT_TRUE(isConnectedTo(result.socket, second));
    EXPECT_EQ(ConnectOptions().attemptTime, 250ms); // RFC 8305 section 5
}

TEST_F(TcpConnectionTest, ARefusalCostsNothing) {
    const Listener second;
    const auto result = connectTo(std::vector{refusing(), second.endpoint()}, waiter_, {.attemptTime = far});
    EXPECT_TRUE(isConnectedTo(result.socket, second));
}

TEST_F(TcpConnectionTest, AnAddressThatAnswersLateStillCounts) {
    const BlackHole first;
    auto waiter = waiterThatCalls([&] {
        if (attemptsAt({first.port()}) == 1) {
            (void)first.accept(); // there is room for the next time that it knocks
        }
    });
    const auto result = connectTo(std::vector{first.endpoint(), refusing()}, waiter, {.attemptTime = 1ms});
    EXPECT_TRUE(isConnectedTo(result.socket, first));
}

TEST_F(TcpConnectionTest, SideBySideIsAtTheSameTime) {
    const BlackHole first;
    const BlackHole second;
    auto waiter = waiterThatCalls([&] {
        if (attemptsAt({first.port(), second.port()}) == 2) {
            cancel_.raise();
        }
    });
    const auto failure = failureOf([&] {
        (void)connectTo(std::vector{first.endpoint(), second.endpoint()}, waiter, {.attemptTime = 1ms});
    });
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_CANCELLED);
}

TEST_F(TcpConnectionTest, OneByOneIsNeverAtTheSameTime) {
    const BlackHole first;
    const BlackHole second;
    unsigned atFirst = 0;
    unsigned atSecond = 0;
    unsigned together = 0;
    auto waiter = waiterThatCalls([&] {
        atFirst = std::max(atFirst, attemptsAt({first.port()}));
        atSecond = std::max(atSecond, attemptsAt({second.port()}));
        together = std::max(together, attemptsAt({first.port(), second.port()}));
    });
    const auto result = connectTo(std::vector{first.endpoint(), second.endpoint()}, waiter,
                                  {.order = Order::OneByOne, .attemptTime = 100ms});
    EXPECT_FALSE(result.socket);
    EXPECT_EQ(result.error, ETIMEDOUT);
    EXPECT_EQ(atFirst, 1U);
    EXPECT_EQ(atSecond, 1U);
    EXPECT_EQ(together, 1U);
}

TEST_F(TcpConnectionTest, OneByOneReachesTheNext) {
    const BlackHole first;
    const Listener second;
    const auto result = connectTo(std::vector{first.endpoint(), refusing(), second.endpoint()}, waiter_,
                                  {.order = Order::OneByOne, .attemptTime = 500ms});
    EXPECT_TRUE(isConnectedTo(result.socket, second));
}

TEST_F(TcpConnectionTest, TheFamiliesTakeTurns) {
    const Listener second;
    const Listener six(8, AF_INET6);
    if (!six.works()) {
        GTEST_SKIP() << "there is no IPv6 here";
    }
    const auto result =
        connectTo(std::vector{refusing(), second.endpoint(), six.endpoint()}, waiter_, {.attemptTime = far});
    EXPECT_TRUE(isConnectedTo(result.socket, six));
    EXPECT_FALSE(second.accept());
}

TEST_F(TcpConnectionTest, AllThatFailIsTheLastError) {
    const auto result = connectTo(std::vector{refusing(), refusing()}, waiter_, {.attemptTime = far});
    EXPECT_FALSE(result.socket);
    EXPECT_EQ(result.error, ECONNREFUSED);
    const auto none = connectTo({}, waiter_, {});
    EXPECT_FALSE(none.socket);
    EXPECT_EQ(none.error, 0);
}

TEST_F(TcpConnectionTest, ACancelEndsIt) {
    const BlackHole hole;
    auto waiter = waiterThatCalls([&] {
        if (attemptsAt({hole.port()}) == 1) {
            cancel_.raise();
        }
    });
    const auto failure = failureOf([&] { (void)connectTo(std::vector{hole.endpoint()}, waiter, {}); });
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_CANCELLED);
    EXPECT_EQ(attemptsAt({hole.port()}), 0U);
}

TEST_F(TcpConnectionTest, ADeadlineEndsIt) {
    const BlackHole hole;
    waiter_.setDeadline(Waiter::Clock::now() + 10ms, "too late");
    const auto failure = failureOf([&] { (void)connectTo(std::vector{hole.endpoint()}, waiter_, {}); });
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_TIMEOUT);
}

TEST_F(TcpConnectionTest, KeepAliveIsTurnedOn) {
    const Listener listener;
    const auto optionOf = [](const Descriptor& socket, int level, int option) {
        int value = -1;
        socklen_t length = sizeof value;
        (void)::getsockopt(socket.get(), level, option, &value, &length);
        return value;
    };
    const auto plain = connectTo(std::vector{listener.endpoint()}, waiter_, {});
    EXPECT_EQ(optionOf(plain.socket, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(optionOf(plain.socket, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(optionOf(plain.socket, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(optionOf(plain.socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    const auto watched =
        connectTo(std::vector{listener.endpoint()}, waiter_, {.keepAlive = {.idle = 10s, .deadAfter = 30s}});
    EXPECT_EQ(optionOf(watched.socket, IPPROTO_TCP, TCP_KEEPIDLE), 10);
    EXPECT_EQ(optionOf(watched.socket, IPPROTO_TCP, TCP_KEEPINTVL), 5);
    EXPECT_EQ(optionOf(watched.socket, IPPROTO_TCP, TCP_KEEPCNT), 4);
    EXPECT_EQ(optionOf(watched.socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
}

} // namespace
} // namespace bootferry::plugin
