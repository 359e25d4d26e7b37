// SPDX-License-Identifier: LGPL-2.1-or-later
// A dolly node takes any connection for its server's, so a node's addresses are tried one by one, never two
// at a time.
#include "node_link.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "challenge.h"
#include "greeting.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::chrono::seconds betweenTries{1}; // as in dolly
constexpr plugin::ConnectOptions connectOptions{.keepAlive = keepAlive,
                                                .order = plugin::ConnectOptions::Order::OneByOne,
                                                .attemptTime = std::chrono::seconds(10)};
constexpr std::chrono::milliseconds gapAfterVerdict{100};
constexpr std::chrono::seconds longestGap{30};

std::string_view octetsOf(const std::uint32_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

} // namespace

void NodeLink::connect(const std::vector<std::string>& interfaces, const Ports& ports, NameResolver& resolver,
                       Waiter& waiter, const OnFailedTry& onFailedTry) {
    for (std::uint32_t index = 0; index < interfaces.size(); ++index) {
        // Data before control: after reading the dollytab from control, a node takes the newest data
        // connection.
        data_.push_back(connectTo(interfaces[index], ports.data, resolver, waiter, onFailedTry));
        if (interfaces.size() > 1) {
            (void)sendOnce(data_.back(), octetsOf(index), waiter);
        }
        if (index == 0) {
            control_ = connectTo(interfaces[index], ports.control, resolver, waiter, onFailedTry);
        }
    }
}

Descriptor NodeLink::connectTo(const std::string& name, std::uint16_t port, NameResolver& resolver,
                               Waiter& waiter, const OnFailedTry& onFailedTry) {
    const auto began = Waiter::Clock::now();
    unsigned unanswered = 0;
    for (;;) {
        const auto& resolution = resolver.resolve(name, waiter);
        auto attempt = plugin::connectTo(resolution.at(port), waiter, connectOptions);
        if (attempt.socket) {
            return std::move(attempt.socket);
        }
        unanswered += attempt.error != ECONNREFUSED ? 1 : 0;
        onFailedTry({.resolution = resolution,
                     .port = port,
                     .error = attempt.error,
                     .unanswered = unanswered,
                     .began = began});
        waiter.sleepUntil(Waiter::Clock::now() + betweenTries);
    }
}

bool NodeLink::greet(Generation generation, const std::optional<std::string>& password,
                     std::string_view dollytab, Waiter& waiter) {
    if (generation == Generation::Classic) {
        sendControl(dollytab, waiter);
        return true;
    }
    sendControl(composeOpening(password.has_value()), waiter);
    if (password && !challenge(*password, waiter)) {
        return false;
    }
    sendControl(std::string(octetsOf(oneImage)) + std::string(dollytab), waiter);
    return true;
}

bool NodeLink::challenge(std::string_view password, Waiter& waiter) {
    const auto nonce = randomNonce();
    sendControl(asText(nonce), waiter);
    const auto answer =
        receive(digestSize,
                "when it was asked for the password: it has none, or speaks the classic generation", waiter);
    const bool accepted = isAnswerTo(asText(nonce), password, answer);
    sendVerdict(accepted, waiter);
    return accepted;
}

// dolly reads the verdict with one read(2) of up to 270 octets and discards octets that follow it in the same
// read: the next octets must be sent later.
void NodeLink::sendVerdict(bool accepted, Waiter& waiter) {
    sendControl(composeVerdict(accepted, name_), waiter);
    if (!accepted) {
        return;
    }
    const auto until = Waiter::Clock::now() + longestGap;
    int unsent = 1;
    while (::ioctl(control_.get(), SIOCOUTQ, &unsent) == 0 && unsent > 0 && Waiter::Clock::now() < until) {
        waiter.sleepUntil(Waiter::Clock::now() + gapAfterVerdict / 10);
    }
    waiter.sleepUntil(Waiter::Clock::now() + gapAfterVerdict);
}

void NodeLink::sendData(std::span<const std::byte> bytes, Waiter& waiter) {
    while (!bytes.empty()) {
        const auto count =
            sendOnce(data_.front(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, waiter);
        bytes = bytes.subspan(count);
        sent_ += count;
    }
}

void NodeLink::endData() {
    (void)::shutdown(data_.front().get(), SHUT_WR);
}

void NodeLink::sendControl(std::string_view octets, Waiter& waiter) {
    while (!octets.empty()) {
        octets.remove_prefix(sendOnce(control_, octets, waiter));
    }
}

std::size_t NodeLink::sendOnce(const Descriptor& socket, std::string_view octets, Waiter& waiter) {
    for (;;) {
        const auto count = ::send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (!wouldBlock()) {
            throwClosed("after " + std::to_string(sent_) + " bytes", errno);
        }
        if (!waiter.wait(socket.get(), POLLOUT, patienceEnds())) {
            throw Failure(BOOTFERRY_ERROR_TIMEOUT, called_ + " does not receive");
        }
    }
}

std::string NodeLink::receive(std::size_t count, std::string_view when, Waiter& waiter) {
    std::string octets;
    while (octets.size() < count) {
        if (!waiter.wait(control_.get(), POLLIN, patienceEnds())) {
            throw Failure(BOOTFERRY_ERROR_TIMEOUT, called_ + " does not answer");
        }
        std::string piece(count - octets.size(), '\0');
        const auto got = ::recv(control_.get(), piece.data(), piece.size(), 0);
        if (got == 0 || (got < 0 && !wouldBlock())) {
            throwClosed(when, got < 0 ? errno : 0);
        }
        octets.append(piece, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return octets;
}

std::string NodeLink::receiveArrived(std::string_view when) {
    std::string octets(4096, '\0');
    const auto got = ::recv(control_.get(), octets.data(), octets.size(), 0);
    if (got == 0 || (got < 0 && !wouldBlock())) {
        throwClosed(when, got < 0 ? errno : 0);
    }
    octets.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return octets;
}

Waiter::Clock::time_point NodeLink::patienceEnds() const {
    return patience_ ? Waiter::Clock::now() + *patience_ : Waiter::forever;
}

void NodeLink::throwClosed(std::string_view when, int errnoValue) const {
    throw Failure(BOOTFERRY_ERROR_UNREACHABLE, called_ + " closed the connection " + std::string(when),
                  errnoValue);
}

} // namespace bootferry::dolly
