// SPDX-License-Identifier: LGPL-2.1-or-later
// A node that refuses the connection is not up yet and is waited for, as long as whoever sends to us waits.
#include "successor.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>

#include <linux/sockios.h>
#include <openssl/crypto.h>
#include <sys/ioctl.h>

#include "host.h"

using namespace std::string_view_literals;

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::chrono::seconds betweenTries{1};
constexpr std::chrono::seconds connectTime{10};
constexpr std::chrono::seconds answerTime{30};
constexpr std::chrono::milliseconds gapAfterVerdict{100};

class Connecting {
public:
    Connecting(const Predecessor& predecessor, const Settings& settings, Resolver& resolver, Waiter& waiter)
        : predecessor_(predecessor), settings_(settings), resolver_(resolver), waiter_(waiter),
          predecessorIsGone_(
              waiter, predecessor.control.get(), POLLRDHUP,
              Failure(BOOTFERRY_ERROR_UNREACHABLE,
                      predecessor.peer.text() + " hung up before the nodes behind us were reached")) {}

    Successor reach(std::size_t index) {
        Successor successor;
        successor.name = predecessor_.tab.hosts[index];
        for (std::size_t i = 0; i < predecessor_.tab.dataConnections(); ++i) {
            const auto name = predecessor_.tab.interfaceName(index, i);
            // Not the other way round: a node takes the newest data connection that is there already.
            successor.data.push_back(connect(name, settings_.dataPort));
            if (predecessor_.tab.dataConnections() > 1) {
                const auto number = static_cast<std::uint32_t>(i);
                send(successor.data.back(), {reinterpret_cast<const char*>(&number), sizeof number},
                     successor.name);
            }
            if (i == 0) {
                successor.control = connect(name, settings_.controlPort);
            }
        }
        return successor;
    }

    void greet(const Successor& successor) {
        const auto& text = predecessor_.tab.text;
        if (predecessor_.generation == Generation::Classic) {
            send(successor.control, text, successor.name);
            return;
        }
        send(successor.control, std::string(1, predecessor_.passwordUsed ? '\1' : '\0'), successor.name);
        if (predecessor_.passwordUsed) {
            challenge(successor);
        }
        send(successor.control, std::string(sizeof(std::uint32_t), '\0') + text, successor.name);
    }

private:
    Descriptor connect(const std::string& name, std::uint16_t port) {
        waiter_.announce("waiting for the next node, " + name);
        unsigned tries = 0;
        for (;;) {
            int why = EHOSTUNREACH;
            auto endpoints = resolver_.resolve(name, waiter_);
            for (auto& endpoint : endpoints) {
                endpoint.setPort(port);
                auto socket = beginConnect(endpoint);
                if (!socket) {
                    why = errno;
                    continue;
                }
                why = waiter_.wait(socket.get(), POLLOUT, Waiter::Clock::now() + connectTime)
                          ? connectResult(socket)
                          : ETIMEDOUT;
                if (why == 0) {
                    return socket;
                }
            }
            if (settings_.retries && why != ECONNREFUSED && ++tries >= *settings_.retries) {
                throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                              endpoints.empty() ? "the next node, " + name + ", has no address"
                                                : "cannot reach the next node, " + name,
                              endpoints.empty() ? 0 : why);
            }
            waiter_.sleepUntil(Waiter::Clock::now() + betweenTries);
        }
    }

    void send(const Descriptor& socket, std::string_view bytes, const std::string& name) {
        while (!bytes.empty()) {
            const auto count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno != EAGAIN && errno != EINTR) {
                throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the next node, " + name + ", hung up", errno);
            } else if (!waiter_.wait(socket.get(), POLLOUT, Waiter::Clock::now() + answerTime)) {
                throw Failure(BOOTFERRY_ERROR_TIMEOUT, "the next node, " + name + ", takes nothing");
            }
        }
    }

    void challenge(const Successor& successor) {
        const auto nonce = randomNonce();
        const std::string_view nonceText(reinterpret_cast<const char*>(nonce.data()), nonce.size());
        send(successor.control, nonceText, successor.name);
        const auto expected = challengeAnswer(settings_.password.value_or(""), nonceText);
        Digest answer{};
        for (std::size_t got = 0; got < answer.size();) {
            if (!waiter_.wait(successor.control.get(), POLLIN, Waiter::Clock::now() + answerTime)) {
                throw Failure(BOOTFERRY_ERROR_TIMEOUT,
                              "the next node, " + successor.name + ", does not answer");
            }
            const auto count = ::recv(successor.control.get(), answer.data() + got, answer.size() - got, 0);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
                throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                              "the next node, " + successor.name +
                                  ", hung up when it was asked for the password");
            }
            got += count > 0 ? static_cast<std::size_t>(count) : 0;
        }
        if (CRYPTO_memcmp(answer.data(), expected.data(), answer.size()) != 0) {
            send(successor.control, "AUTH_FAILED:" + successor.name + std::string(1, '\0'), successor.name);
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          "the next node, " + successor.name + ", has another password");
        }
        send(successor.control, "OK\0"sv, successor.name);
        leaveGap(successor.control);
    }

    // dolly reads the verdict with one read(2) of up to 270 bytes and throws away what comes with it: what
    // follows has to come later.
    void leaveGap(const Descriptor& socket) {
        const auto until = Waiter::Clock::now() + answerTime;
        int unsent = 1;
        while (::ioctl(socket.get(), SIOCOUTQ, &unsent) == 0 && unsent > 0 && Waiter::Clock::now() < until) {
            waiter_.sleepUntil(Waiter::Clock::now() + gapAfterVerdict / 10);
        }
        waiter_.sleepUntil(Waiter::Clock::now() + gapAfterVerdict);
    }

    const Predecessor& predecessor_;
    const Settings& settings_;
    Resolver& resolver_;
    Waiter& waiter_;
    plugin::Interruption predecessorIsGone_;
};

} // namespace

std::vector<Successor> connectSuccessors(const Predecessor& predecessor, const Settings& settings,
                                         Resolver& resolver, Waiter& waiter) {
    Connecting connecting(predecessor, settings, resolver, waiter);
    std::vector<Successor> successors;
    for (const auto child : predecessor.tab.childrenOf(predecessor.place)) {
        successors.push_back(connecting.reach(child));
    }
    for (const auto& successor : successors) {
        connecting.greet(successor);
    }
    return successors;
}

} // namespace bootferry::dolly
