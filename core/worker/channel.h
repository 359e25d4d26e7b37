// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker↔supervisor channel: packets over a SOCK_SEQPACKET socket pair. The kernel keeps the packets
// apart, so that several threads of the worker may send at once, and the receiver's buffer is the bound of
// what one may hold: what does not fit is a breach, before anything is kept of it. The worker calls, the
// supervisor answers; never the other way round, but for cancelling, which is a pipe of its own so that it
// can be polled beside a plugin's sockets.
//
// A packet (packet.h) begins with a number, which of these it is; t has 64 bits, u 32, s is a text:
//
//   Job → Granted with the job (job_message.h) in a descriptor      once, first
//   File(s path) → Granted with a copy of the file                  a key file, as one of the job's options
//                                                                   names it; before Plugin
//   Plugin(s nameAndVersion)                                no answer; once, before any target
//   Progress(s state, s detail, t bytes, t total, t written, u attempt)           no answer; at any time
//   AtLeast(t size)                                         no answer; once, before Target: the image's size
//   Source(t size, s validator)                             no answer; whose bytes come: as Target has the
//                                                           size; before it, and when it has changed
//   Target(t size) → Granted(u blockSize, t capacity) with the target's descriptor
//                                                           size UINT64_MAX: not known
//   Staged(t bytes, t written, s digest) → Granted          all but the head is safe; permits the commit
//   Finished(t bytes, t written, s digest) → Granted        the last call of a good worker; as Staged had it
//   Failed(u code, s message) → Granted                     the last call of any other
//
// An answer is Granted, or Refused(u code, s message). One call waits at a time. What the supervisor makes of
// a worker that keeps to none of this is worker_conduct.h's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bootferry::channel {

inline constexpr int socketFd = 3; // in the worker
inline constexpr int cancelFd = 4; // readable (closed by the supervisor, or a byte in it): give up

inline constexpr std::size_t longestPacket = 4096;    // bytes, from the worker
inline constexpr std::size_t longestReason = 2048;    // of a failure; other texts have longestPlainText
inline constexpr std::size_t longestName = 128;       // of a plugin, with its version
inline constexpr std::size_t longestValidator = 1024; // a longer one is none
inline constexpr std::size_t mostFiles = 64;          // of a job's options

enum class Call : std::uint32_t {
    Job = 1,
    Plugin,
    Progress,
    Target,
    Staged,
    Finished,
    Failed,
    File,
    AtLeast,
    Source
};
enum class Answer : std::uint32_t { Granted = 1, Refused };

} // namespace bootferry::channel
