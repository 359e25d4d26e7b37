// SPDX-License-Identifier: LGPL-2.1-or-later
// Enlarging the pipe may fail (pipe(7)): the default of 64 KiB works too, with more calls.
#include "relay_ends.h"

#include <array>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry::relay {

Relay makeRelay() {
    constexpr const char* what = "creating the pipe between the worker's processes";
    constexpr int wantedSize = 1 << 20;
    std::array<int, 2> sockets{};
    std::array<int, 2> pipe{};
    Relay relay;
    checkErrno(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()), what);
    relay.receiver.socket.reset(sockets[0]);
    relay.verifier.socket.reset(sockets[1]);
    checkErrno(::pipe2(pipe.data(), O_CLOEXEC), what);
    relay.verifier.pipe.reset(pipe[0]);
    relay.receiver.pipe.reset(pipe[1]);
    (void)::fcntl(pipe[1], F_SETPIPE_SZ, wantedSize);
    return relay;
}

} // namespace bootferry::relay
