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
//   comes after a violation of the protocol: its last bytes may be wrong   | bytes
//   anything else                                                          | the answer itself
//
// Telling bytes are not all alike: zeros are zeros in the next version, and at another offset. Pure.
#pragma once

namespace bootferry {

enum class Proof { Answer, Bytes, TellingBytes };

struct ContinuationFacts {
    bool isSameResource = false;    // of the server and the redirect that delivered the last bytes
    bool showsVersion = false;      // by the same validator
    bool isStrong = false;          // the validator changes with every change of the bytes
    bool showsOffset = false;       // the answer says where its bytes begin
    bool provedOffset = false;      // telling bytes of this version were at the offset before
    bool followsViolation = false;  // the last bytes came before one
    bool contentIsVerified = false; // by a checksum
};

[[nodiscard]] Proof proofFor(const ContinuationFacts& facts);

} // namespace bootferry
