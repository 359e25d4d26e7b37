// SPDX-License-Identifier: LGPL-2.1-or-later
// How an origin is asked for the rest, and what its answers show. continuation_proof.h decides whether the
// bytes before the offset are compared.
#include "origins.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "continuation_proof.h"

namespace bootferry {

Origins::Request Origins::request(std::uint64_t offset) const {
    return requestTo(current_, offset);
}

Origins::Request Origins::requestTo(std::size_t index, std::uint64_t offset) const {
    const auto& origin = origins_[index];
    if (offset == 0) {
        return {};
    }
    if (origin.restartReason) {
        return {.restartReason = origin.restartReason, .restartsWhenOpened = true};
    }
    if (mixtureWasWrong_ && index != deliveredBy_) {
        return {.restartReason = "the bytes of several servers together were wrong"};
    }
    return origin.wasOpened ? requestToContinue(index, offset) : requestToMirror(origin, offset);
}

Origins::Request Origins::requestToContinue(std::size_t index, std::uint64_t offset) const {
    const auto& origin = origins_[index];
    if (!origin.known.resumable) {
        return {.restartReason = "the server cannot resume"};
    }
    const auto& validator = origin.known.validator;
    const bool ignoresValidator = origin.validatorVaries && allowsMixture();
    const bool showsVersion = !ignoresValidator && !origin.omitsValidator && !validator.empty();
    if (!showsVersion && !allowsMixture()) {
        return {.restartReason = "the server does not show which version it sends, and the bytes were wrong"};
    }
    const auto proof = proofFor({.isSameResource = index == deliveredBy_ && !origin.isElsewhere,
                                 .showsVersion = showsVersion,
                                 .isStrong = origin.known.strongValidator,
                                 .showsOffset = origin.known.showsOffset,
                                 .provedOffset = origin.offsetProvedFor == validator,
                                 .mayEndWrong = maybeWrong_,
                                 .contentIsVerified = rules_.contentIsVerified});
    if (proof == Proof::Answer) {
        return {.offset = offset, .validator = validator, .restartReason = {}};
    }
    return comparing(origin, offset, ignoresValidator ? std::string() : validator, proof);
}

Origins::Request Origins::comparing(const State& origin, std::uint64_t offset, const std::string& validator,
                                    Proof proof) const {
    const auto overlap = std::min(offset, std::max(origin.comparesAtMost, leastCompared(proof)));
    return {.offset = offset - overlap,
            .validator = validator,
            .overlap = overlap,
            .mustBeTelling = proof == Proof::TellingBytes && offset > overlap,
            .restartReason = {}};
}

// This is the first use of a mirror. Its validator may differ for the same bytes (an ETag with an inode), so
// if a checksum detects a mixture at the end, the validator is not asked for.
Origins::Request Origins::requestToMirror(const State& origin, std::uint64_t offset) const {
    if (rules_.contentIsVerified && allowsMixture()) {
        return comparing(origin, offset, "", Proof::Bytes);
    }
    if (known().validator.empty()) {
        return {.restartReason = fmt::format("cannot verify that {} has the same bytes", origin.name)};
    }
    return comparing(origin, offset, known().validator,
                     rules_.contentIsVerified ? Proof::Bytes : Proof::TellingBytes);
}

// Wrong bytes are received again without a mixture, if that is possible within a few tries.
bool Origins::allowsMixture() const {
    return !mixtureWasWrong_ || startOvers_ >= tries();
}

// Servers that share a name, such as those behind a redirector, may have different validators for the same
// bytes. Validators are ignored if there is a checksum, which detects another version at the end; the
// comparison of some bytes usually detects it earlier.
bool Origins::mayIgnoreValidator() const {
    return rules_.contentIsVerified && allowsMixture() && size_ && currentOrigin().wasOpened &&
           !currentOrigin().known.validator.empty() && !currentOrigin().validatorVaries;
}

bool Origins::answered(const Request& request, const SourceInfo& info) {
    const auto wanted = request.offset + request.overlap;
    overlap_ = request.overlap;
    compared_ = 0;
    if (wanted == 0) {
        return true;
    }
    if (size_ && info.size && *size_ != *info.size) {
        throw Error(ErrorCode::Range, fmt::format("the source changed: its size was {} bytes and is {} now",
                                                  *size_, *info.size));
    }
    auto& origin = currentOrigin();
    const bool showsVersion = !info.validator.empty();
    const bool isSamePlace = origin.known.location == info.location;
    const auto proof = proofFor({.isSameResource = current_ == deliveredBy_ && isSamePlace,
                                 .showsVersion = showsVersion,
                                 .isStrong = info.strongValidator,
                                 .showsOffset = info.showsOffset,
                                 .provedOffset = origin.offsetProvedFor == request.validator,
                                 .mayEndWrong = maybeWrong_,
                                 .contentIsVerified = rules_.contentIsVerified});
    const bool nothingIsLeft = info.size == wanted && !maybeWrong_;
    const bool comparesAll = request.offset == 0;
    const bool isTelling = request.mustBeTelling || request.isTelling;
    const bool comparesEnough =
        request.overlap >= leastCompared(proof) && (proof != Proof::TellingBytes || isTelling);
    if (proof == Proof::Answer || nothingIsLeft || comparesAll || comparesEnough) {
        return true;
    }
    origin.isElsewhere = !isSamePlace;
    origin.omitsValidator = !showsVersion;
    origin.known.showsOffset = info.showsOffset;
    origin.known.strongValidator = info.strongValidator;
    return false;
}

void Origins::opened(const Request& request, const SourceInfo& info) {
    auto& origin = currentOrigin();
    openedAt_ = request.offset + request.overlap;
    const bool omitsValidator = info.validator.empty() && openedAt_ > 0 && !origin.validatorVaries;
    auto validator = omitsValidator ? request.validator : info.validator;
    if (openedAt_ > 0) {
        origin.unusableAnswers = 0;
    }
    const bool isSamePlace = origin.known.location == info.location;
    origin.otherPlaces += openedAt_ > 0 && origin.wasOpened && !isSamePlace ? 1 : 0;
    origin.known = info;
    origin.known.validator = std::move(validator);
    origin.known.resumable = info.resumable && origin.unusableAnswers < unusableAnswersAllowed;
    origin.wasOpened = true;
    origin.isElsewhere = origin.otherPlaces >= otherPlacesAllowed;
    const bool provesOffset =
        request.isTelling && request.offset > 0 && request.overlap >= leastCompared(Proof::TellingBytes);
    if ((request.mustBeTelling && request.offset > 0) || provesOffset) {
        origin.offsetProvedFor = origin.known.validator;
    }
    maybeMixed_ = openedAt_ > 0 && (maybeMixed_ || current_ != deliveredBy_ || request.validator.empty() ||
                                    info.validator.empty());
    opening_ = ended_ = maybeWrong_ = false;
    deliveredBy_ = current_;
    if (info.size) {
        size_ = info.size;
    }
}

// An answer without a byte shows nothing about the length of answers, and one that a silence ended little:
// the line may be bad.
void Origins::countAnswer(std::uint64_t fresh, bool wasSilent) {
    auto& origin = currentOrigin();
    if (compared_ > 0 || fresh > 0) {
        origin.comparesAtMost = nextMostCompared(origin.comparesAtMost, overlap_, fresh);
        origin.shortAnswers = fresh >= overlap_ ? 0 : origin.shortAnswers + (wasSilent ? 0 : 1);
    }
    overlap_ = compared_ = 0;
}

// Failures of origins that were rejected are kept for reasons().
void Origins::delivered(std::uint64_t offset) {
    if (offset > highest_) {
        highest_ = offset;
        startOvers_ = 0;
    } else if (openedAt_ == 0) {
        return;
    }
    waits_ = violations_ = 0;
    for (auto& origin : origins_) {
        origin.restartReason.reset(); // at another offset the answer may be usable
        if (origin.usable) {
            origin.failure.reset();
        }
    }
}

} // namespace bootferry
