// SPDX-License-Identifier: LGPL-2.1-or-later
// How the process that receives an image hands it to the one that verifies and writes it. The bytes go
// through a pipe without any framing, so that they can be spliced into it; what describes them goes over a
// SOCK_SEQPACKET socket pair beside it. Packets are built as those of the supervisor's channel (channel.h).
//
//   receiving → verifying
//     Source(t size, s validator, t modified)  before the first bytes, and whenever it changes; see channel.h
//     Bytes(t count)                           so many more bytes are in the pipe
//     End                                      the source has ended
//     Changed(s reason)                        the source has changed; → Again
//     LastBytes(t count) → LastBytes           wants the last bytes that it has sent, to compare them
//     CanDiscard → CanDiscard                  asks whether what it has sent can still be discarded
//     Restarted                                the next bytes are the first of the source; answers Again
//
//   verifying → receiving
//     Begin                                    once: the verifying process is ready
//     Again(u code, s reason, u atEnd)         begin again at the first byte: as the source has changed
//                                              (code 0), or because the bytes were wrong. What comes before
//                                              Restarted is discarded
//     LastBytes(bytes)                         none: they are no longer available
//     CanDiscard(u can)                        0: it has left, as through a pipe
//     Finish                                   the target is committed
//
// The receiving process may lie in all of this: a count bounds how much is read from the pipe, texts only
// reach error messages, and the digest is that of the bytes that were read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "channel_socket.h"
#include "errors.h"
#include "origins.h"
#include "packet.h"
#include "relay_ends.h"

namespace bootferry::relay {

enum class FromReceiver : std::uint32_t { Source = 1, Bytes, End, Changed, LastBytes, Restarted, CanDiscard };
enum class FromVerifier : std::uint32_t { Begin = 1, Again, LastBytes, Finish, CanDiscard };

inline constexpr std::size_t longestPacket = 4096; // bytes, from the receiving process
inline constexpr std::uint64_t mostLastBytes = Origins::comparedBytes;
inline constexpr std::size_t longestAnswer = mostLastBytes + 64; // bytes, from the verifying process
inline constexpr std::uint64_t mostBytes = INT64_MAX;            // that a source can have

// The other process has ended, or has closed its end. Its supervisor knows why.
class PeerGone : public Error {
public:
    PeerGone() : Error(ErrorCode::Internal, "the other process of the transfer has ended") {}
};

template <typename Kind>
PacketWriter packetOf(Kind kind) {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(kind));
    return packet;
}

// Throws PeerGone if nobody can receive it.
void send(int socket, const PacketWriter& packet);

} // namespace bootferry::relay
