// SPDX-License-Identifier: LGPL-2.1-or-later
// A connection to a port that is bound but not listening is refused, and no other process can take that port.
// A listener whose queue is full drops what asks for a connection (listen(2)).
#include "dead_ends.h"

#include <cstdint>

#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr const char* what = "reserving a port";

UniqueFd makeSocket() {
    return UniqueFd(checkErrno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), what));
}

sockaddr_in bindToLoopback(const UniqueFd& socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    checkErrno(::bind(socket.get(), generic, size), what);
    checkErrno(::getsockname(socket.get(), generic, &size), what);
    return address;
}

std::string withPort(const Url& url, const sockaddr_in& address) {
    return fmt::format("{}://127.0.0.1:{}{}", url.scheme(), ntohs(address.sin_port), url.path());
}

} // namespace

DeadEnds::DeadEnds(const Url& url) {
    refused_ = withPort(url, bindToLoopback(sockets_.emplace_back(makeSocket())));
    constexpr int shortest = 0; // one connection waits all the same
    constexpr int enough = 3;
    const auto& full = sockets_.emplace_back(makeSocket());
    const auto address = bindToLoopback(full);
    checkErrno(::listen(full.get(), shortest), what);
    for (int i = 0; i < enough; ++i) { // nobody accepts them
        const auto& waiting = sockets_.emplace_back(makeSocket());
        (void)::connect(waiting.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    unanswered_ = withPort(url, address);
}

} // namespace bootferry
