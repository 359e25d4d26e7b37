// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tcp_connection.h"

#include <array>
#include <cerrno>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace bootferry::plugin {
namespace {

using Order = ConnectOptions::Order;

void set(const Descriptor& socket, int level, int option, std::chrono::seconds::rep value) {
    // Every option is optional: errors are ignored, since a kernel may lack it.
    const auto number = static_cast<int>(value);
    (void)::setsockopt(socket.get(), level, option, &number, sizeof number);
}

// The resolver's order (RFC 6724), but the families take turns (RFC 8305 section 4).
std::vector<const Endpoint*> inTurn(std::span<const Endpoint> endpoints) {
    const auto nextOf = [&](std::size_t index, bool ofFirstFamily) {
        const auto matches = [&](const Endpoint& endpoint) {
            return (endpoint.address.ss_family == endpoints.front().address.ss_family) == ofFirstFamily;
        };
        while (index < endpoints.size() && !matches(endpoints[index])) {
            ++index;
        }
        return index;
    };
    std::vector<const Endpoint*> order(endpoints.size());
    std::array<std::size_t, 2> next{nextOf(0, true), nextOf(0, false)};
    std::size_t turn = 0;
    for (auto& place : order) {
        if (next.at(turn) == endpoints.size()) {
            turn = 1 - turn;
        }
        place = &endpoints[next.at(turn)];
        next.at(turn) = nextOf(next.at(turn) + 1, turn == 0);
        turn = 1 - turn;
    }
    return order;
}

// The attempts in progress.
class Race {
public:
    explicit Race(const KeepAlive& keepAlive) : keepAlive_(keepAlive) {}

    // Starts another attempt; if it fails at once, only its error is recorded.
    void enter(const Endpoint& endpoint) {
        Descriptor socket(
            ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) {
            lastError_ = errno;
            return;
        }
        configure(socket, keepAlive_);
        if (::connect(socket.get(), endpoint.plain(), endpoint.length) == 0 || errno == EINPROGRESS) {
            running_.push_back(std::move(socket));
        } else {
            lastError_ = errno;
        }
    }

    // Returns the first connected socket; empty after `until` or after a failed attempt.
    Descriptor wait(Waiter& waiter, Waiter::Clock::time_point until) {
        std::vector<pollfd> entries(running_.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            entries[i] = {.fd = running_[i].get(), .events = POLLOUT, .revents = 0};
        }
        (void)waiter.wait(entries, until);
        for (std::size_t i = entries.size(); i-- > 0;) {
            if (entries[i].revents == 0) {
                continue;
            }
            auto socket = std::move(running_[i]);
            running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
            int error = 0;
            socklen_t length = sizeof error;
            (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
            if (error == 0) {
                return socket;
            }
            lastError_ = error;
        }
        return {};
    }

    void giveUp() {
        running_.clear();
        lastError_ = ETIMEDOUT;
    }

    [[nodiscard]] bool isEmpty() const { return running_.empty(); }
    [[nodiscard]] int lastError() const { return lastError_; }

private:
    const KeepAlive& keepAlive_;
    std::vector<Descriptor> running_;
    int lastError_ = 0;
};

} // namespace

void configure(const Descriptor& socket, const KeepAlive& keepAlive) {
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, keepAlive.idle.count());
    if (keepAlive.deadAfter) {
        constexpr std::chrono::seconds interval{5};
        set(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval.count());
        set(socket, IPPROTO_TCP, TCP_KEEPCNT, (*keepAlive.deadAfter - keepAlive.idle) / interval);
        set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, std::chrono::milliseconds(*keepAlive.deadAfter).count());
    }
}

std::string peerOf(const Descriptor& socket) {
    Endpoint peer;
    peer.length = sizeof peer.address;
    auto* plain = reinterpret_cast<sockaddr*>(&peer.address);
    if (::getpeername(socket.get(), plain, &peer.length) != 0) {
        return {};
    }
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(plain, peer.length, host.data(), host.size(), port.data(), port.size(),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {};
    }
    return std::string(host.data()) + " port " + port.data();
}

ConnectResult connectTo(std::span<const Endpoint> endpoints, Waiter& waiter, const ConnectOptions& options) {
    const auto order = inTurn(endpoints);
    const bool oneByOne = options.order == Order::OneByOne;
    Race race(options.keepAlive);
    for (auto next = order.begin(); next != order.end() || !race.isEmpty();) {
        if (next != order.end()) {
            race.enter(**next++);
        }
        if (race.isEmpty()) {
            continue;
        }
        const bool hasTimeLimit = oneByOne || next != order.end();
        const auto until = hasTimeLimit ? Waiter::Clock::now() + options.attemptTime : Waiter::forever;
        if (auto winner = race.wait(waiter, until)) {
            return {.socket = std::move(winner)};
        }
        if (oneByOne && !race.isEmpty()) {
            race.giveUp();
        }
    }
    return {.socket = {}, .error = race.lastError()};
}

} // namespace bootferry::plugin
