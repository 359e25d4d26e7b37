// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker↔supervisor channel: D-Bus messages over a socket pair, peer to peer, no broker. sd-bus brings
// what a protocol of our own would have to grow: types that are checked before we see them, descriptors that
// travel with their message, calls that wait for an answer. The worker calls, the supervisor answers; never
// the other way round, but for cancelling, which is a pipe of its own so that it can be polled beside a
// plugin's sockets.
//
//   Job() → a job (see job_message.h)                      once, first
//   Plugin(s nameAndVersion)                               no reply; once, before any progress
//   Progress(s state, s detail, t bytes, t total, t written, u attempt)   no reply; throttled by the worker
//   Target(t size) → (h descriptor, u blockSize, t capacity)  size UINT64_MAX: not known
//   Staged(t bytes, t written, s digest) → ()  all but the head is safe; the answer permits the commit
//   Finished(t bytes, t written, s digest) → ()  the last call of a good worker
//   Failed(u code, s message) → ()             the last call of any other
#pragma once

namespace bootferry::channel {

inline constexpr int socketFd = 3; // in the worker
inline constexpr int cancelFd = 4; // readable (closed by the supervisor, or a byte in it): give up

inline constexpr const char* path = "/org/bootferry1/supervisor";
inline constexpr const char* interface = "org.bootferry1.Supervisor";

} // namespace bootferry::channel
