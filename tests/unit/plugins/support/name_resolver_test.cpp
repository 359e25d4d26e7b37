// SPDX-License-Identifier: LGPL-2.1-or-later
// The C library's own lookups, against a name server on loopback that answers or keeps silent: in a network
// and mount namespace of this process's own, which takes root.
#include "name_resolver.h"

#include <array>
#include <cstring>
#include <fstream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netdb.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "event.h"
#include "failure_of.h"
#include "hanging_resolver.h"

namespace bootferry::plugin {
namespace {

using namespace std::chrono_literals;
using Patience = NameResolver::Patience;

std::string textOf(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* address =
        endpoint.address.ss_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&endpoint.address)->sin6_addr)
            : &reinterpret_cast<const sockaddr_in*>(&endpoint.address)->sin_addr;
    return ::inet_ntop(endpoint.address.ss_family, address, text.data(), text.size());
}

TEST(NameResolver, ANumericAddressIsItsOwnAnswer) {
    Waiter waiter(-1);
    NameResolver resolver(Family::Any, Patience::Usual);
    for (const auto* text : {"127.0.0.1", "::1", "10.77.0.3"}) {
        const auto resolution = resolver.resolve(text, waiter);
        ASSERT_EQ(resolution.endpoints.size(), 1U) << text;
        EXPECT_EQ(textOf(resolution.endpoints.front()), text);
    }
}

TEST(NameResolver, TheFamilyIsTheRequestedOne) {
    Waiter waiter(-1);
    NameResolver resolver(Family::Ipv6, Patience::Usual);
    const auto resolution = resolver.resolve("127.0.0.1", waiter);
    EXPECT_TRUE(resolution.endpoints.empty());
    EXPECT_NE(resolution.error, 0);
    EXPECT_NE(resolution.errorText(), "");
}

class NameServer {
public:
    NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(53);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }

    // Takes the queries that have come: how many? They are answered with 127.0.0.9 (RFC 1035) where that is
    // wanted.
    unsigned serve(bool answers) {
        unsigned count = 0;
        for (;;) {
            std::array<unsigned char, 512> message{};
            sockaddr_storage peer{};
            socklen_t length = sizeof peer;
            const auto size = ::recvfrom(socket_.get(), message.data(), message.size(), 0,
                                         reinterpret_cast<sockaddr*>(&peer), &length);
            if (size < 0) {
                return count;
            }
            ++count;
            if (answers) {
                answer({message.data(), static_cast<std::size_t>(size)}, peer, length);
            }
        }
    }

private:
    void answer(std::span<const unsigned char> query, const sockaddr_storage& peer, socklen_t length) const {
        constexpr std::array<unsigned char, 16> record{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 9};
        constexpr std::size_t header = 12;
        std::size_t end = header; // of the question's name
        while (query[end] != 0) {
            end += 1U + query[end];
        }
        const bool asksForIpv4 = query[end + 2] == 1;
        std::vector<unsigned char> reply(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end) + 5);
        reply[2] = 0x81;
        reply[3] = 0x80;
        reply[7] = asksForIpv4 ? 1 : 0;
        reply[11] = 0;
        if (asksForIpv4) {
            reply.insert(reply.end(), record.begin(), record.end());
        }
        (void)::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer),
                       length);
    }

    Descriptor socket_;
};

// Puts a file of the test's own in the place of one of the system's, for this process only.
bool replaceFile(const char* path, const char* text) {
    std::string name = "/tmp/bootferry-resolver-XXXXXX";
    const Descriptor file(::mkstemp(name.data()));
    const bool replaced = file && ::write(file.get(), text, std::strlen(text)) > 0 &&
                          ::mount(name.c_str(), path, nullptr, MS_BIND, nullptr) == 0;
    (void)::unlink(name.c_str());
    return replaced;
}

bool enterOwnNamespaces() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return false;
    }
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0 &&
           replaceFile("/etc/resolv.conf", "nameserver 127.0.0.1\n") &&
           replaceFile("/etc/nsswitch.conf", "hosts: files dns\n");
}

class NameLookupTest : public testing::Test {
protected:
    void SetUp() override {
        static const bool entered = enterOwnNamespaces();
        if (!entered) {
            GTEST_SKIP() << "namespaces of one's own take root";
        }
        server_.emplace();
    }

    // Serves in each millisecond of a wait.
    Waiter serving(
        bool answers, std::function<void()> onQuery = [] {}) {
        Waiter waiter(
            cancel_.fd(),
            [this, answers, onQuery = std::move(onQuery)](const std::string&) {
                if (const auto count = server_->serve(answers); count > 0) {
                    queries_ += count;
                    onQuery();
                }
            },
            1ms);
        waiter.announce("looking up a name");
        return waiter;
    }

    Event cancel_;
    std::optional<NameServer> server_;
    unsigned queries_ = 0;
};

TEST_F(NameLookupTest, WhatWasFoundIsKept) {
    for (const auto patience : {Patience::Brief, Patience::Usual}) {
        auto waiter = serving(true);
        NameResolver resolver(Family::Any, patience);
        const auto resolution = resolver.resolve("server.test", waiter);
        ASSERT_EQ(resolution.endpoints.size(), 1U) << resolution.errorText();
        EXPECT_EQ(textOf(resolution.endpoints.front()), "127.0.0.9");
        const auto before = queries_;
        EXPECT_GT(before, 0U);
        EXPECT_EQ(resolver.resolve("server.test", waiter).endpoints.size(), 1U);
        waiter.announce("once more"); // would see a query
        EXPECT_EQ(queries_, before);
    }
}

TEST_F(NameLookupTest, BriefPatienceEndsByItself) {
    NameResolver resolver(Family::Any, Patience::Brief);
    {
        auto silent = serving(false);
        const auto resolution = resolver.resolve("server.test", silent);
        EXPECT_TRUE(resolution.endpoints.empty());
        EXPECT_EQ(resolution.error, EAI_AGAIN);
    }
    auto answering = serving(true); // a failure is not kept
    EXPECT_EQ(resolver.resolve("server.test", answering).endpoints.size(), 1U);
}

TEST_F(NameLookupTest, ACancelEndsALookup) {
    for (const auto patience : {Patience::Brief, Patience::Usual}) {
        cancel_.lower();
        auto waiter = serving(false, [this] { cancel_.raise(); });
        NameResolver resolver(Family::Any, patience);
        const auto failure = failureOf([&] { (void)resolver.resolve("server.test", waiter); });
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_CANCELLED);
    }
    EXPECT_GT(queries_, 0U);
}

TEST_F(NameLookupTest, ADeadlineEndsALookup) {
    auto waiter = serving(false);
    waiter.setDeadline(Waiter::Clock::now() + 50ms, "too late");
    NameResolver resolver(Family::Any, Patience::Usual);
    const auto failure = failureOf([&] { (void)resolver.resolve("server.test", waiter); });
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_TIMEOUT);
    EXPECT_STREQ(failure.what(), "too late");
}

// The lookup is still asked for when the wait, and the resolver, are over: nobody has waited for it.
TEST(HangingLookup, ACancelOrADeadlineDoesNotWaitForIt) {
    const HangingResolver hosts;
    if (!hosts.hangs()) {
        GTEST_SKIP() << "namespaces of one's own take root";
    }
    for (const auto patience : {Patience::Brief, Patience::Usual}) {
        const Event cancel;
        cancel.raise();
        Waiter cancelled(cancel.fd());
        EXPECT_EQ(failureOf([&] {
                      (void)NameResolver(Family::Any, patience).resolve("server.test", cancelled);
                  }).code(),
                  BOOTFERRY_ERROR_CANCELLED);
        HangingResolver::awaitQuestion();
        Waiter late(-1);
        late.setDeadline(Waiter::Clock::now(), "too late");
        EXPECT_EQ(
            failureOf([&] { (void)NameResolver(Family::Any, patience).resolve("server.test", late); }).code(),
            BOOTFERRY_ERROR_TIMEOUT);
        HangingResolver::awaitQuestion();
    }
}

} // namespace
} // namespace bootferry::plugin
