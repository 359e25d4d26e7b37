// SPDX-License-Identifier: LGPL-2.1-or-later
// How much an answer at an offset must prove before its bytes follow those that were delivered. A validator
// is what one server claims about one resource, and most of them do not change with every change of the
// bytes: a time has a second's precision and can be set, and two servers may have the same. So a continuation
// is only as good as the comparison of the last 64 KiB, unless the same resource repeats a strong validator.
//
// The first row that applies counts; Telling bytes become Bytes if a checksum detects a mixture at the end.
//
//   the answer                                                            | proof
//   ----------------------------------------------------------------------+--------------
//   shows no validator, or comes from another server or redirect           | telling bytes
//   does not show its offset, which this version's bytes have not proved   | telling bytes
//   does not show its offset                                               | bytes
//   has a validator that is not strong (a time, a weak ETag)               | bytes
//   comes after a violation of the protocol or an early end: the last      | the last bytes
//     bytes may be the text of an error                                    |
//   anything else                                                          | the answer itself
//
// Telling bytes are not all alike: zeros are zeros in the next version, and at another offset. If the last
// bytes are all alike, the comparison reaches back to bytes that are not (telling_tail.h).
//
// 64 KiB are compared, and fewer if the answers are so short that nothing would be left of them. The least
// depends on what the bytes have to prove:
//
//   bytes, telling bytes   4 KiB: a page, and the usual block of a file system. They prove that the block
//                          before the offset is that of this version, and telling ones that the offset is
//                          this one. Of the blocks before it they prove nothing, and 64 KiB hardly more.
//   the last bytes         16 B: version and offset are proved by the answer. No text of an error ends by
//                          accident with what the image has in its place.
//
// Pure.
#pragma once

#include <cstdint>

namespace bootferry {

enum class Proof { Answer, LastBytes, Bytes, TellingBytes };

struct ContinuationFacts {
    bool isSameResource = false;    // of the server and the redirect that delivered the last bytes
    bool showsVersion = false;      // by the same validator
    bool isStrong = false;          // the validator changes with every change of the bytes
    bool showsOffset = false;       // the answer says where its bytes begin
    bool provedOffset = false;      // telling bytes of this version were at the offset before
    bool mayEndWrong = false;       // the last bytes came before a violation or an early end
    bool contentIsVerified = false; // by a checksum
};

[[nodiscard]] Proof proofFor(const ContinuationFacts& facts);

constexpr std::uint64_t mostCompared = std::uint64_t{64} << 10U; // bytes

// The fewest bytes that are this proof.
[[nodiscard]] constexpr std::uint64_t leastCompared(Proof proof) {
    switch (proof) {
    case Proof::Answer:
        return 0;
    case Proof::LastBytes:
        return 16;
    case Proof::Bytes:
    case Proof::TellingBytes:
        break;
    }
    return std::uint64_t{4} << 10U;
}

// How many bytes are compared at most after an attempt for which it was `most`, which had to compare
// `compared` bytes, and which delivered `fresh` new ones: an eighth, until they are fewer than the new ones.
[[nodiscard]] std::uint64_t nextMostCompared(std::uint64_t most, std::uint64_t compared, std::uint64_t fresh);

} // namespace bootferry
