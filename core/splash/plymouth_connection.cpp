// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests fit into an empty socket buffer, so each is sent with one call; if that fails the connection is
// closed. A partial request must not happen: plymouthd reads requests blocking and would hang.
#include "plymouth_connection.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "event_loop.h"

namespace bootferry {
namespace {

// In the abstract namespace: there is no file to watch, so connecting is retried.
constexpr std::string_view socketName = "/org/freedesktop/plymouthd";
constexpr std::chrono::seconds retryInterval{1};

UniqueFd connectToPlymouth() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[1], socketName.data(), socketName.size());
    const auto length = offsetof(sockaddr_un, sun_path) + 1 + socketName.size();
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        throwErrno(errno, "making a socket for plymouth");
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as connect(2) wants it
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)) <
        0) {
        return {};
    }
    return fd;
}

} // namespace

PlymouthConnection::PlymouthConnection(sd_event* event, std::function<void()> onUpToDate)
    : event_(event), onUpToDate_(std::move(onUpToDate)) {}

void PlymouthConnection::show(SplashContents contents) {
    wanted_ = std::move(contents);
    if (!socket_ && !retry_) {
        connect();
    }
    sendChanges();
}

void PlymouthConnection::connect() {
    socket_ = connectToPlymouth();
    if (!socket_) {
        lose();
        return;
    }
    answers_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event_, source, socket_.get(), EPOLLIN, onSocket, this);
        },
        "watching plymouth");
}

void PlymouthConnection::sendChanges() {
    if (!socket_ || unanswered_ > 0) {
        return;
    }
    for (const auto& request : plymouthRequests(shown_, wanted_)) {
        if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size())) {
            lose();
            return;
        }
        ++unanswered_;
    }
    shown_ = wanted_;
}

void PlymouthConnection::readAnswers() {
    std::array<char, 256> answers{};
    const auto count = ::recv(socket_.get(), answers.data(), answers.size(), 0);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN) {
            lose();
        }
        return;
    }
    // One byte per answer, ACK or NAK. A NAK (unknown or not allowed) is ignored.
    unanswered_ -= std::min(unanswered_, static_cast<std::size_t>(count));
    sendChanges();
    if (isUpToDate()) {
        onUpToDate_();
    }
}

// Clears shown_ as well: a new plymouthd begins without contents.
void PlymouthConnection::lose() {
    answers_.reset();
    socket_.reset();
    shown_ = {};
    unanswered_ = 0;
    retry_ =
        startTimer(event_, retryInterval, onRetry, this, "setting the timer for reconnecting to plymouth");
}

// No exception may pass through sd-event. A failure here (no memory, no descriptors) ends the event loop and
// the program, and thus costs only the splash.
int PlymouthConnection::onSocket(sd_event_source*, int, std::uint32_t, void* userdata) {
    try {
        static_cast<PlymouthConnection*>(userdata)->readAnswers();
        return 0;
    } catch (const std::exception&) {
        return sd_event_exit(static_cast<PlymouthConnection*>(userdata)->event_, EXIT_FAILURE);
    }
}

int PlymouthConnection::onRetry(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<PlymouthConnection*>(userdata);
    try {
        self.retry_.reset();
        if (self.wanted_ != SplashContents{}) {
            self.connect();
            self.sendChanges();
        }
        return 0;
    } catch (const std::exception&) {
        return sd_event_exit(self.event_, EXIT_FAILURE);
    }
}

} // namespace bootferry
