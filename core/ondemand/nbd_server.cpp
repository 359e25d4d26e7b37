// SPDX-License-Identifier: LGPL-2.1-or-later
// A simple reply announces in its header whether bytes follow, so that the first of them are read before the
// header is sent; an image that cannot be read after that ends the connection, since nothing else can be
// said.
#include "nbd_server.h"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::size_t readSize = std::size_t{256} << 10U; // of the image, at once

[[noreturn]] void violation(const std::string& how) {
    throw Error(ErrorCode::Protocol, "the client of the block device violated the protocol: " + how);
}

Extent bytesOf(const nbd::Request& request) {
    return {.offset = request.offset, .length = request.length};
}

} // namespace

NbdServer::NbdServer(int socket, int cancelFd, ServedImage& image)
    : socket_(socket), cancelFd_(cancelFd), image_(image) {}

void NbdServer::serve() {
    for (;;) {
        const bool hasRoom = waiting_.size() < mostWaiting;
        const auto woken = wait(hasRoom ? POLLIN : 0, true);
        if (woken.changed) {
            image_.acknowledge();
            answerWaiting();
        }
        if (woken.socket && hasRoom && !receive()) {
            return;
        }
    }
}

NbdServer::Woken NbdServer::wait(short events, bool changes) const {
    std::array<pollfd, 3> polled{{{.fd = socket_, .events = events, .revents = 0},
                                  {.fd = changes ? image_.changeFd() : -1, .events = POLLIN, .revents = 0},
                                  {.fd = cancelFd_, .events = POLLIN, .revents = 0}}};
    while (::poll(polled.data(), polled.size(), -1) < 0) {
        if (errno != EINTR) {
            throw Error(ErrorCode::Io, errno, "waiting for the client of the block device");
        }
    }
    if (polled[2].revents != 0) {
        throw Error(ErrorCode::Cancelled, "cancelled");
    }
    if (events == 0 && (polled[0].revents & (POLLHUP | POLLERR)) != 0) { // poll(2) would not sleep any more
        throw Error(ErrorCode::Io, "the client of the block device has closed the connection");
    }
    return {.socket = polled[0].revents != 0, .changed = polled[1].revents != 0};
}

// Takes what is there of the next request, without waiting for the rest of it.
bool NbdServer::receive() {
    if (refusedLeft_ > 0) {
        discard();
        return true;
    }
    const auto room = std::span(header_).subspan(headerFilled_);
    const auto count = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (count < 0) {
        throw Error(ErrorCode::Io, errno, "receiving from the client of the block device");
    }
    if (count == 0) {
        throw Error(ErrorCode::Io, "the client of the block device has closed the connection");
    }
    headerFilled_ += static_cast<std::size_t>(count);
    if (headerFilled_ < header_.size()) {
        return true;
    }
    headerFilled_ = 0;
    const auto request = nbd::parseRequest(header_);
    if (!request) {
        violation("a request does not begin with NBD's magic");
    }
    return take(*request);
}

bool NbdServer::take(const nbd::Request& request) {
    using nbd::Command;
    using nbd::Status;
    if (request.is(Command::Disconnect)) {
        return false;
    }
    if (request.is(Command::Read)) {
        takeRead(request);
    } else if (request.is(Command::Write)) {
        if (request.length > nbd::longestPayload) {
            violation(fmt::format("it writes {} bytes at once", request.length));
        }
        refused_ = request;
        refusedLeft_ = request.length;
        if (refusedLeft_ == 0) {
            reply(request, Status::NotPermitted);
        }
    } else if (request.is(Command::Flush)) {
        reply(request, Status::Success); // nothing was written
    } else if (request.is(Command::Trim) || request.is(Command::WriteZeroes)) {
        reply(request, Status::NotPermitted);
    } else {
        reply(request, Status::Invalid);
    }
    return true;
}

void NbdServer::takeRead(const nbd::Request& request) {
    const auto size = image_.servedSize();
    if (request.length == 0 || request.length > nbd::longestPayload) {
        violation(fmt::format("it reads {} bytes at once", request.length));
    }
    if (request.offset > size || request.length > size - request.offset) {
        violation(fmt::format("it reads {} bytes at {} of {}", request.length, request.offset, size));
    }
    const auto number = ++numbers_;
    const auto availability = image_.request(number, bytesOf(request));
    if (availability == Availability::Coming) {
        waiting_.push_back({.request = request, .number = number});
    } else {
        answer(request, availability);
    }
}

// What arrives while one is answered makes changeFd() readable again.
void NbdServer::answerWaiting() {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
        const auto availability = image_.availability(bytesOf(next->request));
        if (availability == Availability::Coming) {
            ++next;
            continue;
        }
        image_.answered(next->number);
        answer(next->request, availability);
        next = waiting_.erase(next);
    }
}

void NbdServer::answer(const nbd::Request& request, Availability availability) {
    if (availability == Availability::Present) {
        answerWithBytes(request);
    } else {
        reply(request, nbd::Status::InputOutput);
    }
}

void NbdServer::answerWithBytes(const nbd::Request& request) {
    auto offset = request.offset;
    std::size_t left = request.length;
    std::span<const std::byte> piece;
    try {
        piece = image_.bytes(offset, std::min(left, readSize));
    } catch (const Error&) { // of the target: the reader of the device learns of it, and nobody else
        reply(request, nbd::Status::InputOutput);
        return;
    }
    const auto header = nbd::replyTo(request, nbd::Status::Success);
    send(header, true);
    for (;;) {
        send(piece, piece.size() < left);
        offset += piece.size();
        left -= piece.size();
        if (left == 0) {
            return;
        }
        piece = image_.bytes(offset, std::min(left, readSize));
    }
}

void NbdServer::reply(const nbd::Request& request, nbd::Status status) {
    send(nbd::replyTo(request, status), false);
}

// The payload of a write, which is refused once all of it has been read.
void NbdServer::discard() {
    std::array<std::byte, 16384> waste{};
    const auto count =
        ::recv(socket_, waste.data(), std::min<std::size_t>(waste.size(), refusedLeft_), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        throw Error(ErrorCode::Io, "the client of the block device has closed the connection");
    }
    refusedLeft_ -= static_cast<std::uint32_t>(count);
    if (refusedLeft_ == 0) {
        reply(refused_, nbd::Status::NotPermitted);
    }
}

void NbdServer::send(std::span<const std::byte> bytes, bool more) {
    while (!bytes.empty()) {
        const auto count =
            ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (count >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            (void)wait(POLLOUT, false);
        } else if (errno != EINTR) {
            throw Error(ErrorCode::Io, errno, "answering the client of the block device");
        }
    }
}

} // namespace bootferry
