// SPDX-License-Identifier: LGPL-2.1-or-later
// One thread for each connection; all end with the process. Orders of the checks come over a socket pair, and
// each is answered once it is carried out.
#include "faulty_proxy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {

// The first bytes of the plugin, all connections together: what it logs in with comes early. The process
// notes them before it passes them on.
struct FaultyProxy::Sent {
    std::atomic<std::size_t> size;
    std::array<char, 65536> bytes;
};

namespace {

struct Server {
    std::string host;
    std::string port;
};

struct Plan {
    FaultyProxy::Fault fault = FaultyProxy::Fault::Close;
    std::uint64_t bytes = UINT64_MAX; // after which it happens, for each connection
};

// Of the connections of one plan.
struct Effect {
    std::atomic<std::uint64_t> affected = 0; // how many it came into effect for
    std::atomic<std::uint64_t> connections = 0;
    std::atomic<std::uint64_t> passed = 0; // bytes of the server
    std::atomic<bool> silenced = false;
    std::atomic<bool> isOver = false; // there is another plan
};

// Called by the threads of the connections.
class Notes {
public:
    explicit Notes(FaultyProxy::Sent& sent) : sent_(sent) {}
    void add(const Effect& effect, const char* bytes, std::size_t count) {
        const std::lock_guard lock(mutex_);
        if (!effect.isOver) {
            const auto size = sent_.size.load();
            const auto noted = std::min(count, sent_.bytes.size() - size);
            std::copy_n(bytes, noted, sent_.bytes.begin() + static_cast<std::ptrdiff_t>(size));
            sent_.size = size + noted;
        }
    }
    void begin(Effect& last) {
        const std::lock_guard lock(mutex_);
        last.isOver = true;
        sent_.size = 0;
    }

private:
    FaultyProxy::Sent& sent_;
    std::mutex mutex_;
};

struct Order {
    enum class Kind : std::uint32_t { Plan, CloseAll, SilenceAll, Look } kind = Kind::Plan;
    pid_t sender = ::getpid(); // whose answer it is: a process that gave an order may have been ended since
    Plan plan;
    FaultyProxy::Seen seen{}; // in the answer
};

// The sockets of the plugin's side. A thread closes its own; others only shut it down meanwhile.
class Connections {
public:
    void add(int socket) {
        const std::lock_guard lock(mutex_);
        sockets_.insert(socket);
    }
    void remove(int socket) {
        const std::lock_guard lock(mutex_);
        sockets_.erase(socket);
    }
    void closeAll() {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_) {
            (void)::shutdown(socket, SHUT_RDWR); // which ends a send() that waits, too
        }
    }

private:
    std::mutex mutex_;
    std::set<int> sockets_;
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

using Bytes = std::array<char, 16384>;

// What is there, at most `most` bytes. Returns their number, 0 at the end or after a failure.
std::size_t receive(int from, Bytes& into, std::uint64_t most) {
    const auto count = ::recv(from, into.data(), std::min<std::uint64_t>(most, into.size()), 0);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

bool sendAll(int to, const Bytes& bytes, std::size_t count) {
    for (std::size_t sent = 0; sent < count;) {
        const auto now = ::send(to, bytes.data() + sent, count - sent, MSG_NOSIGNAL);
        if (now <= 0) {
            return false;
        }
        sent += static_cast<std::size_t>(now);
    }
    return true;
}

std::uint64_t few(std::uint64_t left) {
    constexpr std::uint64_t most = 7;
    return 1 + left % most;
}

// Ends when either side has; once silent, when the plugin has.
void forwardBoth(int client, int upstream, const Plan& plan, Effect& effect, Notes& notes) {
    Bytes bytes{};
    bool trickles = plan.fault == FaultyProxy::Fault::Trickle;
    if (plan.bytes == 0) {
        ++effect.affected;
    }
    for (auto left = plan.bytes; left > 0 || plan.fault == FaultyProxy::Fault::Silence;) {
        const bool passes = left > 0 && !effect.silenced;
        std::array<pollfd, 2> sides{pollfd{.fd = client, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = passes ? upstream : -1, .events = POLLIN, .revents = 0}};
        if (::poll(sides.data(), sides.size(), -1) < 0) {
            return;
        }
        if (sides[0].revents != 0) {
            const auto count = receive(client, bytes, UINT64_MAX);
            notes.add(effect, bytes.data(), count);
            if (count == 0 || !sendAll(upstream, bytes, count)) {
                return;
            }
        }
        if (sides[1].revents != 0 && !effect.silenced) {
            const auto count = receive(upstream, bytes, trickles ? std::min(left, few(left)) : left);
            left -= count;
            effect.passed += count;
            if (left == 0) {
                ++effect.affected; // before the plugin can see it
            }
            if (count == 0 || !sendAll(client, bytes, count)) {
                return;
            }
            if (trickles) {
                (void)::poll(nullptr, 0, 1);
            }
            if (trickles && left == 0) {
                trickles = false;
                left = UINT64_MAX;
            }
        }
    }
}

// Closing it then discards what was not sent yet, and sends a reset (tcp(7)).
void prepareReset(int socket) {
    constexpr linger atOnce{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
}

void serve(const UniqueFd& client, const Server& server, const Plan& plan, Effect& effect,
           Connections& connections, Notes& notes) {
    // With larger buffers a whole resource may have arrived before a fault can be seen.
    constexpr int littleMemory = 16384;
    (void)::setsockopt(client.get(), SOL_SOCKET, SO_SNDBUF, &littleMemory, sizeof littleMemory);
    if (constexpr int yes = 1; plan.fault == FaultyProxy::Fault::Trickle) {
        (void)::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    connections.add(client.get());
    if (const auto upstream = connectTo(server); upstream.get() >= 0) {
        forwardBoth(client.get(), upstream.get(), plan, effect, notes);
    }
    if (effect.silenced) {                             // not even that the plugin's end is over is answered
        constexpr int muchLongerThanPromptly = 10'000; // ms
        (void)::poll(nullptr, 0, muchLongerThanPromptly);
    }
    if (plan.fault == FaultyProxy::Fault::Reset) {
        prepareReset(client.get());
    }
    connections.remove(client.get());
}

[[noreturn]] void run(const UniqueFd& listener, const UniqueFd& control, const Server& server,
                      FaultyProxy::Sent& sent) {
    Connections connections; // outlived by no thread: the process ends by a signal
    Notes notes(sent);       // likewise
    Plan plan;
    auto effect = std::make_shared<Effect>(); // of this plan; its connections may outlive it
    for (;;) {
        std::array<pollfd, 2> both{pollfd{.fd = listener.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = control.get(), .events = POLLIN, .revents = 0}};
        if (::poll(both.data(), both.size(), -1) < 0) {
            continue;
        }
        if (Order order; both[1].revents != 0) {
            if (::recv(control.get(), &order, sizeof order, 0) != sizeof order) {
                ::_exit(0); // nobody is left
            }
            if (order.kind == Order::Kind::Plan) {
                plan = order.plan;
                notes.begin(*effect);
                effect = std::make_shared<Effect>();
            } else if (order.kind == Order::Kind::CloseAll) {
                connections.closeAll();
            } else if (order.kind == Order::Kind::SilenceAll) {
                effect->silenced = true;
            }
            order.seen = {
                .affected = effect->affected, .connections = effect->connections, .passed = effect->passed};
            (void)::send(control.get(), &order, sizeof order, MSG_NOSIGNAL);
        }
        if (both[0].revents != 0) {
            UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (client.get() >= 0) {
                ++effect->connections;
                std::thread([client = std::move(client), &server, plan, effect, &connections, &notes] {
                    serve(client, server, plan, *effect, connections, notes);
                }).detach();
            }
        }
    }
}

Order carryOut(int control, const Order& order) {
    Order done{.kind = order.kind, .sender = 0, .plan = {}};
    checkErrno(::write(control, &order, sizeof order), "asking the proxy");
    while (done.sender != order.sender) {
        checkErrno(::read(control, &done, sizeof done), "waiting for the proxy");
    }
    return done;
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

FaultyProxy::FaultyProxy(const Url& url) {
    const Server server{.host = url.host(), .port = std::to_string(url.port().value())};
    const UniqueFd listener(checkErrno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "starting a proxy"));
    url_ = fmt::format("{}://127.0.0.1:{}{}", url.scheme(), listenOnLoopback(listener), url.path());
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "starting a proxy");
    control_ = UniqueFd(ends[0]);
    const UniqueFd itsControl(ends[1]);
    void* const shared =
        ::mmap(nullptr, sizeof(Sent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        throwErrno(errno, "starting a proxy");
    }
    sent_ = static_cast<Sent*>(shared); // zeros
    const auto parent = ::getpid();
    process_ = checkErrno(::fork(), "starting a proxy");
    if (process_ == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        control_ = UniqueFd();
        if (::getppid() == parent) {
            run(listener, itsControl, server, *sent_);
        }
        ::_exit(1);
    }
}

FaultyProxy::~FaultyProxy() {
    (void)::kill(process_, SIGKILL);
    (void)::waitpid(process_, nullptr, 0);
    (void)::munmap(sent_, sizeof *sent_);
}

void FaultyProxy::plan(Fault fault, std::uint64_t bytes) const {
    (void)carryOut(control_.get(), {.kind = Order::Kind::Plan, .plan = {.fault = fault, .bytes = bytes}});
}

void FaultyProxy::closeAll() const {
    (void)carryOut(control_.get(), {.kind = Order::Kind::CloseAll, .plan = {}});
}

void FaultyProxy::silenceAll() const {
    (void)carryOut(control_.get(), {.kind = Order::Kind::SilenceAll, .plan = {}});
}

FaultyProxy::Seen FaultyProxy::seen() const {
    return carryOut(control_.get(), {.kind = Order::Kind::Look, .plan = {}}).seen;
}

std::string FaultyProxy::sentByPlugin() const {
    return {sent_->bytes.data(), sent_->size};
}

} // namespace bootferry
