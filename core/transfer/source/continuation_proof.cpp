// SPDX-License-Identifier: LGPL-2.1-or-later
#include "continuation_proof.h"

namespace bootferry {

Proof proofFor(const ContinuationFacts& facts) {
    const bool isUnknown = !facts.isSameResource || !facts.showsVersion;
    const bool isUnproved = !facts.showsOffset && !facts.provedOffset;
    if (isUnknown || isUnproved) {
        return facts.contentIsVerified ? Proof::Bytes : Proof::TellingBytes;
    }
    const bool isCertain = facts.isStrong && facts.showsOffset && !facts.followsViolation;
    return isCertain ? Proof::Answer : Proof::Bytes;
}

} // namespace bootferry
