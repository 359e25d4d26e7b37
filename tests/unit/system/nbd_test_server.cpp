// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nbd_test_server.h"

#include <endian.h>
#include <linux/nbd.h>
#include <sys/socket.h>
#include <utility>

namespace bootferry {

NbdTestServer::NbdTestServer(UniqueFd socket, const std::string& image, std::uint64_t answers)
    : socket_(std::move(socket)), image_(image), answers_(answers), thread_([this] { serve(); }) {}

void NbdTestServer::stop() {
    if (socket_) {
        (void)::shutdown(socket_.get(), SHUT_RDWR);
    }
    waitForEnd();
}

void NbdTestServer::waitForEnd() {
    if (thread_.joinable()) {
        thread_.join();
    }
    socket_.reset();
}

void NbdTestServer::serve() {
    while (answer()) {
    }
    (void)::shutdown(socket_.get(), SHUT_RDWR); // as if the process had ended
}

bool NbdTestServer::answer() {
    nbd_request request{};
    if (::recv(socket_.get(), &request, sizeof(request), MSG_WAITALL) != sizeof(request) ||
        be32toh(request.magic) != NBD_REQUEST_MAGIC) {
        return false;
    }
    const auto type = be32toh(request.type) & 0xffffU;
    const auto from = be64toh(request.from);
    const auto length = be32toh(request.len);
    if (type == NBD_CMD_DISC) {
        disconnected_ = true;
        return false;
    }
    if (answers_-- == 0) {
        return false;
    }
    const bool right = type == NBD_CMD_READ && from + length <= image_.size();
    nbd_reply reply{};
    reply.magic = htobe32(NBD_REPLY_MAGIC);
    reply.error = htobe32(right ? 0 : 22);
    __builtin_memcpy(&reply.handle, &request.handle, sizeof(reply.handle));
    auto bytes = std::string(reinterpret_cast<const char*>(&reply), sizeof(reply));
    if (right) {
        bytes.append(image_, from, length);
    }
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

} // namespace bootferry
