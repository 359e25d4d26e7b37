// SPDX-License-Identifier: LGPL-2.1-or-later
// One thread for each connection; all end with the process.
#include "stalling_proxy.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

struct Server {
    std::string host;
    std::string port;
    std::uint64_t bytes; // after which it falls silent, for each connection
};

UniqueFd connectTo(const Server& server) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    UniqueFd connected;
    if (::getaddrinfo(server.host.c_str(), server.port.c_str(), &hints, &found) != 0) {
        return connected;
    }
    for (const auto* address = found; address != nullptr; address = address->ai_next) {
        UniqueFd tried(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (tried.get() >= 0 && ::connect(tried.get(), address->ai_addr, address->ai_addrlen) == 0) {
            connected = std::move(tried);
            break;
        }
    }
    ::freeaddrinfo(found);
    return connected;
}

// Moves what is there, at most `most` bytes. Returns their number, 0 at the end or after a failure.
std::size_t forward(int from, int to, std::uint64_t most) {
    std::array<char, 16384> buffer{};
    const auto count = ::recv(from, buffer.data(), std::min<std::uint64_t>(most, buffer.size()), 0);
    for (ssize_t sent = 0; sent < count;) {
        const auto now =
            ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
        if (now <= 0) {
            return 0;
        }
        sent += now;
    }
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

// Ends when either side has; once silent, when the plugin has.
void serve(const UniqueFd& client, const Server& server) {
    const auto upstream = connectTo(server);
    if (upstream.get() < 0) {
        return;
    }
    for (auto left = server.bytes;;) {
        std::array<pollfd, 2> sides{
            pollfd{.fd = client.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = left > 0 ? upstream.get() : -1, .events = POLLIN, .revents = 0}};
        if (::poll(sides.data(), sides.size(), -1) < 0) {
            return;
        }
        if (sides[0].revents != 0 && forward(client.get(), upstream.get(), UINT64_MAX) == 0) {
            return;
        }
        if (sides[1].revents != 0) {
            const auto count = forward(upstream.get(), client.get(), left);
            if (count == 0) {
                return;
            }
            left -= count;
        }
    }
}

[[noreturn]] void run(const UniqueFd& listener, const Server& server) {
    for (;;) {
        UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (client.get() >= 0) {
            std::thread([client = std::move(client), &server] { serve(client, server); }).detach();
        }
    }
}

std::uint16_t listenOnLoopback(const UniqueFd& listener) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    constexpr int backlog = 16;
    checkErrno(::bind(listener.get(), generic, size), "starting a proxy");
    checkErrno(::listen(listener.get(), backlog), "starting a proxy");
    checkErrno(::getsockname(listener.get(), generic, &size), "starting a proxy");
    return ntohs(address.sin_port);
}

} // namespace

StallingProxy::StallingProxy(const Url& url, std::uint64_t bytes) {
    const Server server{.host = url.host(), .port = std::to_string(url.port().value()), .bytes = bytes};
    const UniqueFd listener(checkErrno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "starting a proxy"));
    url_ = fmt::format("{}://127.0.0.1:{}{}", url.scheme(), listenOnLoopback(listener), url.path());
    const auto parent = ::getpid();
    process_ = checkErrno(::fork(), "starting a proxy");
    if (process_ == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (::getppid() == parent) {
            run(listener, server);
        }
        ::_exit(1);
    }
}

StallingProxy::~StallingProxy() {
    (void)::kill(process_, SIGKILL);
    (void)::waitpid(process_, nullptr, 0);
}

} // namespace bootferry
