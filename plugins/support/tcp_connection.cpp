// SPDX-License-Identifier: LGPL-2.1-or-later
// getaddrinfo(3) blocks and takes no descriptor, so it runs in a thread of its own that shares nothing with
// the session. Who gives up leaves it behind: it ends with the resolver's own timeouts, seconds later, and
// touches nothing by then that could be gone (the module is linked with -z nodelete for that).
#include "tcp_connection.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "host.h"

namespace bootferry::sftp {
namespace {

using plugin::Failure;
using namespace std::chrono_literals;

struct AddressListFree {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFree>;

struct Resolution {
    int result = 0;
    int systemError = 0;
    AddressList addresses;
};

Resolution resolve(const std::string& host, const std::string& port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | flags;
    addrinfo* list = nullptr;
    Resolution resolution;
    resolution.result = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    resolution.systemError = resolution.result == EAI_SYSTEM ? errno : 0;
    resolution.addresses.reset(resolution.result == 0 ? list : nullptr);
    return resolution;
}

// What the thread and the one who waits for it have in common.
struct Lookup {
    Descriptor done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    Resolution resolution;
};

void startThread(const std::shared_ptr<Lookup>& lookup, const std::string& host, const std::string& port) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are the host's
    struct Restore {
        sigset_t& mask;
        ~Restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } const restore{before};
    std::thread([lookup, host, port] {
        auto resolution = resolve(host, port, AI_ADDRCONFIG);
        const std::lock_guard lock(lookup->mutex);
        lookup->resolution = std::move(resolution);
        (void)eventfd_write(lookup->done.get(), 1);
    }).detach();
}

AddressList resolveName(const SftpUrl& url, plugin::Waiter& waiter) {
    const auto port = std::to_string(url.port);
    if (auto numeric = resolve(url.host, port, AI_NUMERICHOST); numeric.addresses) {
        return std::move(numeric.addresses);
    }
    const auto lookup = std::make_shared<Lookup>();
    if (!lookup->done) {
        throw Failure(BOOTFERRY_ERROR_IO, "making an eventfd", errno);
    }
    startThread(lookup, url.host, port);
    (void)waiter.wait(lookup->done.get(), POLLIN);
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->resolution.addresses) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "host name '" + url.host + "' does not resolve",
                      lookup->resolution.systemError);
    }
    return std::move(lookup->resolution.addresses);
}

// The resolver's order (RFC 6724), but the families take turns.
std::vector<const addrinfo*> inTurn(const addrinfo* list) {
    std::array<std::vector<const addrinfo*>, 2> families;
    for (const auto* address = list; address != nullptr; address = address->ai_next) {
        families.at(address->ai_family == list->ai_family ? 0 : 1).push_back(address);
    }
    std::vector<const addrinfo*> order;
    for (std::size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i) {
        for (const auto& family : families) {
            if (i < family.size()) {
                order.push_back(family[i]);
            }
        }
    }
    return order;
}

void configure(const Descriptor& socket) {
    const int on = 1;
    const int idle = 30;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // requests are small
}

// The race of the addresses.
class Race {
public:
    // Begins to connect to one more; one that fails at once is remembered only.
    void enter(const addrinfo& address) {
        Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) {
            lastError_ = errno;
            return;
        }
        configure(socket);
        if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS) {
            running_.push_back(std::move(socket));
        } else {
            lastError_ = errno;
        }
    }

    // The first that is connected; none: nothing is decided, or another failed.
    Descriptor wait(plugin::Waiter& waiter, std::optional<std::chrono::milliseconds> atMost) {
        std::vector<pollfd> entries;
        for (const auto& socket : running_) {
            entries.push_back({.fd = socket.get(), .events = POLLOUT, .revents = 0});
        }
        const auto until = atMost ? plugin::Waiter::Clock::now() + *atMost : plugin::Waiter::forever;
        (void)waiter.wait(entries, until);
        for (std::size_t i = entries.size(); i-- > 0;) {
            if (entries[i].revents == 0) {
                continue;
            }
            auto socket = std::move(running_[i]);
            running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
            int error = 0;
            socklen_t length = sizeof error;
            ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
            if (error == 0) {
                return socket;
            }
            lastError_ = error;
        }
        return {};
    }

    [[nodiscard]] bool isEmpty() const { return running_.empty(); }
    [[nodiscard]] int lastError() const { return lastError_; }

private:
    std::vector<Descriptor> running_;
    int lastError_ = 0;
};

} // namespace

Descriptor connectTo(const SftpUrl& url, plugin::Waiter& waiter) {
    constexpr auto headStart = 250ms;
    const auto addresses = resolveName(url, waiter);
    const auto order = inTurn(addresses.get());
    Race race;
    for (auto next = order.begin(); next != order.end() || !race.isEmpty();) {
        if (next != order.end()) {
            race.enter(**next++);
        }
        if (race.isEmpty()) {
            continue;
        }
        const auto atMost = next != order.end() ? std::optional(headStart) : std::nullopt;
        if (auto winner = race.wait(waiter, atMost)) {
            return winner;
        }
    }
    throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "connecting to " + url.authority(), race.lastError());
}

} // namespace bootferry::sftp
