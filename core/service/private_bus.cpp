// SPDX-License-Identifier: LGPL-2.1-or-later
// The broker's calls: D-Bus specification, "Message Bus Messages". Names cannot be requested: the only
// ones are org.bootferry1 and the client's own.
#include "private_bus.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus_names.h"
#include "event_loop.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr std::size_t connectionsAllowed = 256;
constexpr std::ptrdiff_t connectionsOfOthers = 224; // of users other than root; the rest is reserved for root
constexpr std::ptrdiff_t connectionsOfOneUser = 64; // within those
constexpr std::chrono::minutes refusalInterval{1};
constexpr const char* brokerName = "org.freedesktop.DBus";

bool isBrokerCall(sd_bus_message* message) {
    const char* destination = sd_bus_message_get_destination(message);
    return sd_bus_message_is_method_call(message, nullptr, nullptr) > 0 && destination != nullptr &&
           std::strcmp(destination, brokerName) == 0;
}

// The broker's properties and introspection are not offered.
bool isBrokerInterface(sd_bus_message* message) {
    const char* interface = sd_bus_message_get_interface(message);
    return interface == nullptr || std::strcmp(interface, brokerName) == 0 ||
           std::strcmp(interface, "org.freedesktop.DBus.Monitoring") == 0;
}

} // namespace

class PrivateBus::Connection {
public:
    Connection(PrivateBus& owner, UniqueFd socket, std::uint64_t number, uid_t user)
        : owner_(owner), name_(fmt::format(":1.{}", number)), user_(user) {
        constexpr const char* what = "serving a client of the private socket";
        bus_ = makeHandle<UnflushedBusHandle>([](sd_bus** bus) { return sd_bus_new(bus); }, what);
        checkSd(sd_bus_set_fd(bus_.get(), socket.get(), socket.get()), what);
        (void)socket.release(); // sd-bus closes it
        sd_id128_t id{};
        checkSd(sd_id128_randomize(&id), what);
        checkSd(sd_bus_set_server(bus_.get(), 1, id), what);
        checkSd(sd_bus_set_anonymous(bus_.get(), 1), what);
        checkSd(sd_bus_set_sender(bus_.get(), busName), what);
        checkSd(sd_bus_add_filter(bus_.get(), nullptr, onMessage, this), what);
        owner_.objects_.attach(bus_.get());
        try {
            checkSd(sd_bus_start(bus_.get()), what);
            checkSd(sd_bus_attach_event(bus_.get(), owner_.clients_.get(), SD_EVENT_PRIORITY_NORMAL), what);
        } catch (const Error&) {
            owner_.objects_.detach(bus_.get());
            throw;
        }
    }

    ~Connection() { owner_.objects_.detach(bus_.get()); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] bool gone() const { return gone_ || fellBehind(bus_.get()); }
    [[nodiscard]] bool hasUnsent() const { return unsentMessages(bus_.get()) > 0; }
    [[nodiscard]] uid_t user() const { return user_; }

private:
    static int onMessage(sd_bus_message* message, void* userdata, sd_bus_error* error) {
        auto& self = *static_cast<Connection*>(userdata);
        if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
            self.gone_ = true;
            return 0;
        }
        const int result = isBrokerCall(message) ? self.answerForBroker(message, error) : 0;
        // After the answer to Hello, if the client greets a broker, as busctl does.
        if (!std::exchange(self.receivesSignals_, true)) {
            self.owner_.objects_.sendSignals(self.bus_.get());
        }
        return result;
    }

    template <typename... Values>
    static int reply(sd_bus_message* call, const char* types, Values... values) {
        sd_bus_message* raw = nullptr;
        if (const int result = sd_bus_message_new_method_return(call, &raw); result < 0) {
            return result;
        }
        const BusMessageHandle message(raw);
        if (const int result = sd_bus_message_set_sender(raw, brokerName); result < 0) {
            return result;
        }
        if (const int result = sd_bus_message_append(raw, types, values...); result < 0) {
            return result;
        }
        const int result = sd_bus_send(nullptr, raw, nullptr);
        return result < 0 ? result : 1;
    }

    int answerForBroker(sd_bus_message* call, sd_bus_error* error) {
        const std::string_view member = sd_bus_message_get_member(call);
        if (!isBrokerInterface(call)) {
            return sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                     "there is no message bus behind this socket");
        }
        if (member == "Hello") {
            return reply(call, "s", name_.c_str());
        }
        // Every signal goes to every client, so match rules change nothing.
        if (member == "AddMatch" || member == "RemoveMatch") {
            return reply(call, "");
        }
        if (member == "BecomeMonitor") {
            const int replied = reply(call, "");
            return replied < 0 ? replied : sendNameLost();
        }
        if (member == "ListNames") {
            return reply(call, "as", 3, brokerName, busName, name_.c_str());
        }
        if (member == "ListActivatableNames") {
            return reply(call, "as", 1, brokerName);
        }
        return answerForName(call, member, error);
    }

    // A monitor has no name, and busctl prints nothing until it has received NameLost.
    int sendNameLost() {
        sd_bus_message* raw = nullptr;
        if (const int result =
                sd_bus_message_new_signal(bus_.get(), &raw, "/org/freedesktop/DBus", brokerName, "NameLost");
            result < 0) {
            return result;
        }
        const BusMessageHandle message(raw);
        if (const int result = sd_bus_message_set_sender(raw, brokerName); result < 0) {
            return result;
        }
        if (const int result = sd_bus_message_append(raw, "s", name_.c_str()); result < 0) {
            return result;
        }
        const int result = sd_bus_send(nullptr, raw, nullptr);
        return result < 0 ? result : 1;
    }

    int answerForName(sd_bus_message* call, std::string_view member, sd_bus_error* error) {
        const char* asked = nullptr;
        const bool known = member == "NameHasOwner" || member == "GetNameOwner" ||
                           member == "GetConnectionUnixUser" || member == "GetConnectionUnixProcessID";
        if (!known || sd_bus_message_read(call, "s", &asked) < 0) {
            return sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_METHOD,
                                     "there is no message bus behind this socket, and no method '%s'",
                                     sd_bus_message_get_member(call));
        }
        const bool there =
            asked == std::string_view(busName) || asked == std::string_view(brokerName) || asked == name_;
        if (member == "NameHasOwner") {
            return reply(call, "b", static_cast<int>(there));
        }
        if (!there) {
            return sd_bus_error_setf(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "only '%s' is served here",
                                     busName);
        }
        if (member == "GetNameOwner") {
            return reply(call, "s", asked);
        }
        return reply(call, "u",
                     static_cast<std::uint32_t>(
                         member == "GetConnectionUnixUser" ? ::geteuid() : static_cast<uid_t>(::getpid())));
    }

    PrivateBus& owner_;
    std::string name_;
    uid_t user_;
    UnflushedBusHandle bus_;
    bool gone_ = false;
    bool receivesSignals_ = false; // from its first message on
};

PrivateBus::PrivateBus(sd_event* event, UniqueFd socket, BusObjects& objects)
    : event_(event), clients_(makeEventLoop()), socket_(std::move(socket)), objects_(objects) {
    constexpr const char* what = "watching the private socket";
    listening_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event_, source, socket_.get(), EPOLLIN, onConnection, this);
        },
        what);
    clientsReady_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event_, source, sd_event_get_fd(clients_.get()), EPOLLIN, onClients, this);
        },
        what);
    moreOfClients_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) { return sd_event_add_defer(event_, source, onMoreOfClients, this); },
        what);
    rounds_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) { return sd_event_add_post(event_, source, onRound, this); }, what);
}

PrivateBus::~PrivateBus() = default;

// The socket gets its final name only once it listens, so that no client that finds it is refused.
UniqueFd PrivateBus::listen(const std::string& path) {
    const auto temporary = path + ".new";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (temporary.size() >= sizeof(address.sun_path)) {
        throw Error(ErrorCode::Invalid, fmt::format("'{}' is too long for a socket's name", path));
    }
    std::copy(temporary.begin(), temporary.end(), address.sun_path);
    UniqueFd socket(checkErrno(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                               "creating the private socket"));
    (void)::unlink(temporary.c_str());
    const auto what = fmt::format("listening on '{}'", path);
    checkErrno(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), what);
    checkErrno(::chmod(temporary.c_str(), 0666), what);
    checkErrno(::listen(socket.get(), SOMAXCONN), what);
    checkErrno(::rename(temporary.c_str(), path.c_str()), what);
    return socket;
}

void PrivateBus::stopListening() {
    listening_.reset();
}

int PrivateBus::onConnection(sd_event_source*, int, std::uint32_t, void* userdata) {
    static_cast<PrivateBus*>(userdata)->accept();
    return 0;
}

void PrivateBus::accept() {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
        return; // the client has disconnected already
    }
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || !hasRoomFor(peer.uid)) {
        logRefusal(peer.uid);
        return;
    }
    try {
        connections_.push_back(std::make_unique<Connection>(*this, std::move(socket), ++lastName_, peer.uid));
        serveClients();
    } catch (const Error& error) {
        logWarning(fmt::format("{}, ignoring", error.what()));
    }
}

bool PrivateBus::hasRoomFor(uid_t user) const {
    if (user == 0) {
        return connections_.size() < connectionsAllowed;
    }
    const auto ofUser = std::count_if(connections_.begin(), connections_.end(),
                                      [&](const auto& connection) { return connection->user() == user; });
    const auto ofOthers = std::count_if(connections_.begin(), connections_.end(),
                                        [](const auto& connection) { return connection->user() != 0; });
    return ofOthers < connectionsOfOthers && ofUser < connectionsOfOneUser;
}

// A refused client may retry at once: the first refusal is logged, then at most one count a minute.
void PrivateBus::logRefusal(uid_t user) {
    ++refusals_;
    const auto now = std::chrono::steady_clock::now();
    if (refusals_ > 1 && now - refusalLogged_ < refusalInterval) {
        return;
    }
    refusalLogged_ = now;
    logWarning(
        fmt::format("too many clients of user {} at the private socket: {} refused so far", user, refusals_));
}

int PrivateBus::onClients(sd_event_source*, int, std::uint32_t, void* userdata) {
    static_cast<PrivateBus*>(userdata)->serveClients();
    return 0;
}

int PrivateBus::onMoreOfClients(sd_event_source*, void* userdata) {
    static_cast<PrivateBus*>(userdata)->serveClients();
    return 0;
}

// One iteration of the clients' loop. It repeats, in turn with all other sources so that a busy client does
// not delay a transfer, until nothing is pending; the last iteration arms the loop for what the connections
// wait for now.
void PrivateBus::serveClients() {
    const int result = sd_event_run(clients_.get(), 0);
    if (result < 0) {
        (void)sd_event_exit(event_, result); // as for any failure of the service's own loop
    } else if (result > 0) {
        (void)sd_event_source_set_enabled(moreOfClients_.get(), SD_EVENT_ONESHOT);
    }
}

// After each iteration of the event loop, when no connection's callback is running.
int PrivateBus::onRound(sd_event_source*, void* userdata) {
    auto& self = *static_cast<PrivateBus*>(userdata);
    self.connections_.remove_if([](const auto& connection) { return connection->gone(); });
    if (std::any_of(self.connections_.begin(), self.connections_.end(),
                    [](const auto& connection) { return connection->hasUnsent(); })) {
        self.serveClients();
    }
    return 0;
}

} // namespace bootferry
