// SPDX-License-Identifier: LGPL-2.1-or-later
// The channel between worker and supervisor: packets over a SOCK_SEQPACKET socket pair. The kernel keeps
// packets apart, so that several threads of the worker may send at once, and the receiver's buffer limits a
// packet's size: a larger one is a breach, and nothing of it is kept. The worker calls and the supervisor
// answers, never the reverse; only cancelling goes the other way, over a pipe of its own, which can be polled
// beside a plugin's sockets.
//
// A packet (packet.h) begins with the number of its kind; t is a 64-bit number, u a 32-bit number, s a text:
//
//   Job → Granted with the job (job_message.h) in a descriptor      once, first
//   File(s path) → Granted with a copy of the file                  a key file that one of the job's options
//                                                                   names; before Plugin
//   Plugin(s nameAndVersion)                                no answer; once, before any target
//   Progress(s state, s detail, t bytes, t total, t written, u attempt)           no answer; at any time
//   AtLeast(t size)                                         no answer; once, before Target: the image's size
//   Source(t size, s validator, t modified)                 no answer; the version whose bytes arrive; size:
//                                                           see Target; before it, and on each change
//   Opened(u origin)                                        no answer; after Plugin: a server has answered;
//                                                           later bytes come from it; 0: the URL, then its
//                                                           mirrors
//   Target(t size) → Granted(u blockSize, t capacity) with the target's descriptor
//                                                           size UINT64_MAX: unknown; once, and once more if
//                                                           a job that continues a file starts over: that
//                                                           file keeps the bytes of the earlier fetch
//   Staged(t bytes, t written, s digest) → Granted          all but the head is safe; permits the commit
//   Differs(s checksum)                                     no answer; of the verifying process, before
//   Staged:
//                                                           all of a source was received, and has this
//                                                           checksum instead of the requested one; once more
//                                                           for each further source
//   Probed(u code, s reason, t size, s validator, u flags, s compression, s format, s whyNotLive, t declared,
//        t decoded, s location, s label, s partitionTable, u layoutState, s layout, s rootImage,
//        s whyLayout)                                       no answer; purpose Probe; once for each origin,
//        in
//                                                           this order: the URL, then its mirrors;
//                                                           code: of a failure, or 0
//   Checksum(u code, s reasonOrChecksum)                    no answer; purposes Probe, Checksum and
//                                                           TransferChecksum; once. code 0 in the last one
//   Done() → Granted                                        the last call on success, except in Transfer
//   Finished(t bytes, t written, s digest) → Granted        the last call on success; values as in Staged
//   Failed(u code, s message) → Granted                     the last call on failure
//
// The bytes of a transfer with a checksum are received by one process and verified and written by another
// (WorkerRole). The receiving one never sees the target: instead of the calls from AtLeast and Source to
// Finished, which the verifying one makes, it calls
//
//   Relay → Granted with the pipe and the socket to the verifying process (relay_channel.h)
//   Relayed() → Granted                                     the last call on success, after the commit
//
// The verifying process requests its job (verify_job.h) with Job, and gets the other ends with it. Either of
// the two may end with
//
//   Abandoned() → Granted                                   the other process is gone; its end is the reason
//
// The process of an image that is read while it arrives (TransferRequest::onDemand) calls in addition
//
//   Ready() → Granted(u takesOver)                          once, after Plugin, before Target: all that it
//                                                           needs files for is loaded. It may have to wait
//                                                           for the end of another process; 1: it takes the
//                                                           place of one that had the target. Target's size
//                                                           is unknown then
//   Target(t size) → Granted as above, with three descriptors: the target's, the kernel's nbd client, and
//                                                           memory that the process before it has used, too
//                                                           (fill_memory.h)
//
// and serves the kernel from then on, until that disconnects: Finished is answered when nobody reads through
// it any more. It outlives its supervisor: it is cancelled by a byte in cancelFd only.
//
// An answer is Granted, or Refused(u code, s message). At most one call waits at a time. worker_conduct.h
// decides what happens to a worker that breaks these rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "errors.h"

namespace bootferry::channel {

inline constexpr int socketFd = 3; // in the worker
inline constexpr int cancelFd = 4; // readable (with a byte in it, or closed by the supervisor): cancelled

inline constexpr std::size_t longestPacket = 4096;    // bytes, from the worker
inline constexpr std::size_t longestReason = 2048;    // of a failure; other texts have longestPlainText
inline constexpr std::size_t longestName = 128;       // of a plugin, with its version
inline constexpr std::size_t longestValidator = 1024; // a longer one counts as none
inline constexpr std::size_t mostFiles = 64;          // of a job's options
inline constexpr std::size_t longestLocation = 2048;  // of a redirect's URL
inline constexpr std::size_t longestWhyNotLive = 512; // of a reason why an image is not live
inline constexpr std::size_t longestLabel = 64;       // of a volume
inline constexpr std::uint32_t probedResumable = 1;   // flags of Probed
inline constexpr std::uint32_t probedRanges = 2;

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
    Source,
    Opened,
    Probed,
    Checksum,
    Done,
    Relay,
    Relayed,
    Abandoned,
    Differs,
    Ready
};
enum class Answer : std::uint32_t { Granted = 1, Refused };

// What a correct process never does; it ends the process. The text follows the name of the process.
class Breach : public Error {
public:
    explicit Breach(std::string_view how)
        : Error(ErrorCode::Internal, "violated the protocol: " + std::string(how)) {}
};

} // namespace bootferry::channel
