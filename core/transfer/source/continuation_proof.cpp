// SPDX-License-Identifier: LGPL-2.1-or-later
#include "continuation_proof.h"

#include <algorithm>

namespace bootferry {

Proof proofFor(const ContinuationFacts& facts) {
    const bool isUnknown = !facts.isSameResource || !facts.showsVersion;
    const bool isUnproved = !facts.showsOffset && !facts.provedOffset;
    if (isUnknown || isUnproved) {
        return facts.contentIsVerified ? Proof::Bytes : Proof::TellingBytes;
    }
    if (!facts.isStrong || !facts.showsOffset) {
        return Proof::Bytes;
    }
    return facts.mayEndWrong ? Proof::LastBytes : Proof::Answer;
}

std::uint64_t nextMostCompared(std::uint64_t most, std::uint64_t compared, std::uint64_t fresh) {
    if (compared + fresh >= 2 * mostCompared) {
        return mostCompared;
    }
    return fresh < compared ? std::min(most, compared) / 8 : most;
}

} // namespace bootferry
