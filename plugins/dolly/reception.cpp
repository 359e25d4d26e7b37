// SPDX-License-Identifier: LGPL-2.1-or-later
// A classic server with a fan-out connects to its first node and stays silent until it has reached the
// others. So a silent peer has no deadline, and is dropped only when there are too many.
#include "reception.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "connections.h"
#include "place.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

constexpr std::size_t mostWaiting = 64;
constexpr std::chrono::seconds greetingTime{30}; // from a peer's first octet to its data connections
constexpr std::chrono::milliseconds dataPollTime{200};

std::string receiveGreeting(const Descriptor& socket) {
    std::string bytes(4096, '\0');
    const auto count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (count < 0) {
        if (wouldBlock()) {
            return {};
        }
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the connection broke", errno);
    }
    if (count == 0) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                      "it closed the connection before its greeting was complete");
    }
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

void sendAll(const Descriptor& socket, const std::string& bytes) {
    // Fits into the socket's buffer: if it is not sent at once, the peer does not read.
    if (!bytes.empty() && ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
                              static_cast<ssize_t>(bytes.size())) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the connection broke", errno);
    }
}

bool hungUp(const Descriptor& socket) {
    char octet = 0;
    const auto count = ::recv(socket.get(), &octet, 1, MSG_PEEK);
    return count == 0 || (count < 0 && !wouldBlock());
}

} // namespace

Reception::Reception(const plugin::Host& host, const Settings& settings, std::string server,
                     NameResolver& resolver, Waiter& waiter)
    : host_(host), settings_(settings), server_(std::move(server)), resolver_(resolver), waiter_(waiter),
      waitingText_("waiting for the dolly server " + server_ + " (ports " +
                   std::to_string(settings.ports.control) + " and " + std::to_string(settings.ports.data) +
                   ")"),
      startUntil_(settings.startTimeout ? Waiter::Clock::now() + *settings.startTimeout : Waiter::forever),
      // Open both ports at once: a dolly server loses its connection to one while the other refuses it.
      control_(listenOn(settings.ports.control, settings.family)),
      data_(listenOn(settings.ports.data, settings.family)) {}

Predecessor Reception::receive() {
    waiter_.announce(waitingText_);
    for (;;) {
        poll();
        acceptAll();
        for (auto candidate = candidates_.begin(); candidate != candidates_.end();) {
            try {
                receiveFrom(*candidate);
                if (candidate->admitted && takeData(*candidate->admitted)) {
                    candidate->admitted->control = std::move(candidate->connection.socket);
                    return std::move(*candidate->admitted);
                }
                ++candidate;
            } catch (const Failure& failure) {
                if (failure.code() == BOOTFERRY_ERROR_CANCELLED) {
                    throw;
                }
                reject(*candidate, failure);
                candidate = candidates_.erase(candidate);
            }
        }
    }
}

void Reception::poll() {
    std::vector<pollfd> fds{{.fd = control_.get(), .events = POLLIN, .revents = 0},
                            {.fd = data_.get(), .events = POLLIN, .revents = 0}};
    auto until = startUntil_;
    for (const auto& candidate : candidates_) {
        if (candidate.admitted) {
            until = std::min(until, Waiter::Clock::now() + dataPollTime);
        } else {
            fds.push_back({.fd = candidate.connection.socket.get(), .events = POLLIN, .revents = 0});
        }
        until = std::min(until, candidate.deadline.value_or(until));
    }
    (void)waiter_.wait(fds, until);
    if (Waiter::Clock::now() >= startUntil_) {
        throw Failure(BOOTFERRY_ERROR_TIMEOUT,
                      "no dolly server connected within " + std::to_string(settings_.startTimeout->count()) +
                          " seconds" + (lastRejection_.empty() ? "" : "; " + lastRejection_));
    }
}

void Reception::acceptAll() {
    while (auto connection = acceptFrom(data_)) {
        waitingData_.push_back(std::move(*connection));
    }
    while (auto connection = acceptFrom(control_)) {
        candidates_.push_back({.connection = std::move(*connection),
                               .greeting = Greeting(settings_.password),
                               .deadline = {},
                               .admitted = {}});
    }
    dropDeadData();
    const auto isServer = [&, address = HostAddress::parse(server_)](const Connection& connection) {
        return address && connection.peer == *address;
    };
    while (waitingData_.size() > mostWaiting) {
        const auto victim = std::find_if_not(waitingData_.begin(), waitingData_.end(), isServer);
        waitingData_.erase(victim != waitingData_.end() ? victim : waitingData_.begin());
    }
    while (candidates_.size() > mostWaiting) {
        const auto victim = std::find_if_not(candidates_.begin(), candidates_.end(),
                                             [&](const auto& c) { return isServer(c.connection); });
        candidates_.erase(victim != candidates_.end() ? victim : candidates_.begin());
    }
}

void Reception::dropDeadData() {
    std::erase_if(waitingData_, [](const Connection& connection) { return hungUp(connection.socket); });
}

void Reception::receiveFrom(Candidate& candidate) {
    if (candidate.deadline && Waiter::Clock::now() >= *candidate.deadline) {
        throw Failure(BOOTFERRY_ERROR_TIMEOUT,
                      candidate.admitted ? "it made no data connection" : "its greeting is not complete");
    }
    if (candidate.admitted) {
        if (hungUp(candidate.connection.socket)) {
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          "it closed the connection before it made its data connection");
        }
        return;
    }
    candidate.greeting.feed(receiveGreeting(candidate.connection.socket));
    sendAll(candidate.connection.socket, candidate.greeting.takeReply());
    if (candidate.greeting.hasReceived() && !candidate.deadline) {
        candidate.deadline = Waiter::Clock::now() + greetingTime;
    }
    if (candidate.greeting.complete()) {
        admit(candidate);
    }
}

void Reception::admit(Candidate& candidate) {
    Predecessor predecessor;
    predecessor.peer = candidate.connection.peer;
    predecessor.generation = candidate.greeting.generation();
    predecessor.passwordUsed = candidate.greeting.passwordUsed();
    predecessor.tab = candidate.greeting.dollytab();
    if (!mayConnect(predecessor.peer, predecessor.tab)) {
        throw Failure(BOOTFERRY_ERROR_AUTH, "it is neither " + server_ + " nor a host of its own list");
    }
    const auto place = placeIn(predecessor.tab);
    if (!place) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND,
                      settings_.name.empty() ? "its list of hosts does not contain this machine"
                                             : "its list of hosts does not contain '" + settings_.name + "'");
    }
    predecessor.place = *place;
    candidate.admitted = std::move(predecessor);
}

bool Reception::mayConnect(const HostAddress& peer, const Dollytab& tab) {
    const auto server = HostAddress::parse(server_);
    if (server ? *server == peer || server->isUnspecified() : resolvesToAny(server_, {peer})) {
        return true;
    }
    // Numeric addresses first: names may need a lookup.
    const auto isPeer = [&](const std::string& name) { return HostAddress::parse(name) == peer; };
    if (std::any_of(tab.hosts.begin(), tab.hosts.end(), isPeer)) {
        return true;
    }
    const auto until = Waiter::Clock::now() + greetingTime;
    return std::any_of(tab.hosts.begin(), tab.hosts.end(), [&](const std::string& name) {
        return Waiter::Clock::now() < until && !HostAddress::parse(name) && resolvesToAny(name, {peer});
    });
}

bool Reception::resolvesToAny(const std::string& name, const std::vector<HostAddress>& hosts) {
    const auto& resolution = resolver_.resolve(name, waiter_);
    return std::any_of(resolution.endpoints.begin(), resolution.endpoints.end(),
                       [&](const plugin::Endpoint& endpoint) {
                           const auto address = HostAddress::of(endpoint.plain());
                           return std::find(hosts.begin(), hosts.end(), address) != hosts.end();
                       });
}

std::optional<std::size_t> Reception::placeIn(const Dollytab& tab) {
    const OwnNames own{.option = settings_.name, .host = hostName(), .addresses = ownAddresses()};
    auto place = findPlace(tab, own, settings_.hyphenIsNormal);
    const auto until = Waiter::Clock::now() + greetingTime;
    for (std::size_t i = 0; !place && own.option.empty() && i < tab.hosts.size(); ++i) {
        if (Waiter::Clock::now() >= until) {
            break;
        }
        if (!HostAddress::parse(tab.hosts[i])) {
            place = resolvesToAny(tab.hosts[i], own.addresses) ? std::optional(i) : std::nullopt;
        }
    }
    return place;
}

bool Reception::takeData(Predecessor& predecessor) {
    if (predecessor.tab.dataConnections() == 1) {
        if (auto data = takeNewestData(predecessor.peer)) {
            predecessor.data.push_back(std::move(*data));
        }
    } else {
        takeNumberedData(predecessor);
    }
    return predecessor.data.size() == predecessor.tab.dataConnections() &&
           std::all_of(predecessor.data.begin(), predecessor.data.end(),
                       [](const auto& d) { return bool(d); });
}

// Takes the newest: a server that was switched off and restarted has left an old connection behind.
std::optional<Descriptor> Reception::takeNewestData(const HostAddress& peer) {
    for (auto connection = waitingData_.rbegin(); connection != waitingData_.rend(); ++connection) {
        if (connection->peer == peer) {
            auto socket = std::move(connection->socket);
            waitingData_.erase(std::next(connection).base());
            return socket;
        }
    }
    return std::nullopt;
}

// With further interfaces, each connection begins with its number and has its own source address.
void Reception::takeNumberedData(Predecessor& predecessor) {
    predecessor.data.resize(predecessor.tab.dataConnections());
    for (auto connection = waitingData_.rbegin(); connection != waitingData_.rend();) {
        std::uint32_t number = 0;
        const auto count = ::recv(connection->socket.get(), &number, sizeof number, MSG_PEEK);
        if (count != sizeof number || number >= predecessor.data.size() || predecessor.data[number] ||
            (number == 0 && !(connection->peer == predecessor.peer))) {
            ++connection;
            continue;
        }
        (void)::recv(connection->socket.get(), &number, sizeof number, 0);
        predecessor.data[number] = std::move(connection->socket);
        connection = std::make_reverse_iterator(waitingData_.erase(std::next(connection).base()));
    }
}

void Reception::reject(const Candidate& candidate, const Failure& why) {
    auto text = candidate.connection.peer.text() + " was rejected: " + why.what();
    if (!candidate.greeting.hasReceived()) {
        // A port probe; newer dolly servers probe their nodes' ports.
        host_.log(BOOTFERRY_LOG_DEBUG, text);
        return;
    }
    host_.log(BOOTFERRY_LOG_WARNING, text);
    lastRejection_ = text;
    waiter_.announce(waitingText_ + "; " + text);
}

} // namespace bootferry::dolly
