// SPDX-License-Identifier: LGPL-2.1-or-later
// failed() is a table of rules; earlier lines take precedence.
#include "origins.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "quantities.h"

namespace bootferry {
namespace {

// After this number of unusable answers, the whole source is requested.
constexpr unsigned mostRefusedOffsets = 2;

bool isViolation(ErrorCode code) {
    return code == ErrorCode::Protocol || code == ErrorCode::Range;
}
} // namespace

Origins::Origins(const std::vector<std::string>& names, const OriginRules& rules,
                 std::mt19937::result_type seed)
    : rules_(rules), random_(seed) {
    for (const auto& name : names) {
        origins_.push_back({.name = name, .known = {}, .failure = {}, .notBefore = {}});
    }
}

unsigned Origins::SameByte::count(std::uint64_t at) {
    times = offset == at ? times + 1 : 1;
    offset = at;
    return times;
}

Origins::Request Origins::request(std::uint64_t offset) const {
    return requestTo(current_, offset);
}

Origins::Request Origins::requestTo(std::size_t index, std::uint64_t offset) const {
    const auto& origin = origins_[index];
    if (offset == 0) {
        return {};
    }
    if (origin.asksWhole) {
        return {.startsOver = origin.asksWhole, .asksFirst = true};
    }
    if (mixtureWasWrong_ && index != deliveredBy_) {
        return {.startsOver = "bytes of several servers were wrong before"};
    }
    if (origin.opened) {
        if (!origin.known.resumable) {
            return {.startsOver = "the server cannot resume"};
        }
        const auto& validator = origin.known.validator;
        const bool ignores = origin.validatorVaries && mayMix();
        const bool compares = ignores || origin.compares || validator.empty();
        if (compares && !mayMix()) {
            return {.startsOver = "compared bytes were wrong before"};
        }
        const bool provesOffset = !showsOffset(origin, origin.known.showsOffset, validator);
        const auto compared = compares || provesOffset ? std::min(offset, comparedBytes) : 0;
        return {.offset = offset - compared,
                .validator = ignores ? std::string() : validator,
                .compares = compared,
                .provesOffset = provesOffset && offset > compared && !rules_.contentIsVerified,
                .startsOver = {}};
    }
    // This is the first use of a mirror. Its validator may differ for the same bytes (an ETag with an inode),
    // so if a checksum detects a mixture at the end, some bytes are compared instead.
    const auto& validator = known().validator;
    const bool isVerified = rules_.contentIsVerified && mayMix();
    if (!isVerified && validator.empty()) {
        return {.startsOver = fmt::format("cannot verify that {} has the same bytes", origin.name)};
    }
    const auto compared = isVerified ? std::min(offset, comparedBytes) : 0;
    return {.offset = offset - compared,
            .validator = isVerified ? std::string() : validator,
            .compares = compared,
            .startsOver = {}};
}

// One proof is enough, as long as the file stays the same.
bool Origins::showsOffset(const State& origin, bool answerShowsIt, const std::string& validator) {
    return answerShowsIt || origin.honoursOffsets == validator;
}

bool Origins::answered(const Request& request, const SourceInfo& info) {
    const auto wanted = request.offset + request.compares;
    if (wanted == 0) {
        return true;
    }
    if (size_ && info.size && *size_ != *info.size) {
        throw Error(ErrorCode::Range, fmt::format("the source changed: its size was {} bytes and is {} now",
                                                  *size_, *info.size));
    }
    auto& origin = state();
    const bool versionIsShown = request.compares > 0 || !info.validator.empty();
    const bool offsetIsShown =
        request.compares > 0 || showsOffset(origin, info.showsOffset, request.validator);
    if (!versionIsShown || !offsetIsShown) {
        origin.opened = true;
        origin.compares = !versionIsShown;
        origin.known = info;
        origin.known.validator = request.validator;
        return false;
    }
    return true;
}

void Origins::opened(const Request& request, const SourceInfo& info) {
    auto& origin = state();
    openedAt_ = request.offset + request.compares;
    const bool repeats = info.validator.empty() && openedAt_ > 0 && !origin.validatorVaries;
    auto validator = repeats ? request.validator : info.validator;
    if (openedAt_ > 0) {
        origin.refusedOffsets = 0;
    }
    origin.known = info;
    origin.known.validator = std::move(validator);
    origin.known.resumable = info.resumable && origin.refusedOffsets < mostRefusedOffsets;
    origin.opened = true;
    mixed_ = openedAt_ > 0 &&
             (mixed_ || current_ != deliveredBy_ || request.validator.empty() || info.validator.empty());
    if (request.compares > 0 && request.offset > 0) {
        origin.honoursOffsets = origin.known.validator;
    }
    opening_ = ended_ = false;
    deliveredBy_ = current_;
    if (info.size) {
        size_ = info.size;
    }
}

// Failures of origins that were given up are kept for reasons().
void Origins::delivered(std::uint64_t offset) {
    if (offset > highest_) {
        highest_ = offset;
        startOvers_ = 0;
    } else if (openedAt_ == 0) {
        return;
    }
    waits_ = violations_ = 0;
    for (auto& origin : origins_) {
        origin.asksWhole.reset(); // at another offset the answer may be usable
        if (origin.usable) {
            origin.failure.reset();
        }
    }
}

Origins::Decision Origins::failed(const Error& failure, std::uint64_t offset, Time now) {
    const auto code = failure.code();
    const bool opening = std::exchange(opening_, true);
    if (code == ErrorCode::Cancelled) {
        return GiveUp{failure};
    }
    state().failure = failure;
    failedAt_ = offset;
    if (isWrongBytes(code)) {
        return deliveredWrongBytes(failure, now);
    }
    if (now >= rules_.deadline) {
        return GiveUp{Error(ErrorCode::Timeout,
                            fmt::format("gave up after {}: {}", formatDuration(rules_.timeout), reasons()))};
    }
    if (isViolation(code) && offset > 0 && (opening || code == ErrorCode::Range)) {
        return failedToResume(failure, offset, now);
    }
    if (!isTransient(code)) {
        return failedForGood(failure, now);
    }
    if (isViolation(code) && ++violations_ >= rules_.policy.protocolFailuresAllowed) {
        return failedForGood(failure, now);
    }
    return failedForNow(failure, now);
}

// An unusable answer to a request with an offset may be a temporary fault, or this server may not support
// offsets.
Origins::Decision Origins::failedToResume(const Error& failure, std::uint64_t offset, Time now) {
    auto& origin = state();
    if (origin.asksWhole) { // the request for the whole source failed, too
        return ++violations_ >= rules_.policy.protocolFailuresAllowed ? failedForGood(failure, now)
                                                                      : failedForNow(failure, now);
    }
    if (failure.code() == ErrorCode::Range) {
        if (mayIgnoreValidator(origin)) {
            origin.validatorVaries = true;
            return Switch{current_};
        }
        return refusedToResume(failure, offset, now);
    }
    if (++origin.refusedOffsets < mostRefusedOffsets) {
        return failedForNow(failure, now);
    }
    return startOver(failure, now);
}

// Wrong bytes are received again without a mixture, if that is possible within a few tries.
bool Origins::mayMix() const {
    return !mixtureWasWrong_ || startOvers_ >= rules_.policy.protocolFailuresAllowed;
}

// Servers that share a name, such as those behind a redirector, may have different validators for the same
// bytes. Validators are ignored if there is a checksum, which detects another version at the end; the
// comparison of some bytes usually detects it earlier.
bool Origins::mayIgnoreValidator(const State& origin) const {
    return rules_.contentIsVerified && mayMix() && size_ && origin.opened &&
           !origin.known.validator.empty() && !origin.validatorVaries;
}

Origins::Decision Origins::startOver(const Error& failure, Time now) {
    if (keepsBytes_) {
        return ++state().refusedOffsets < rules_.policy.protocolFailuresAllowed ? failedForNow(failure, now)
                                                                                : failedForGood(failure, now);
    }
    state().asksWhole = failure.what();
    if (startOvers_ == 0) {
        ++waits_;
        return StartOver{.wait = Wait(0), .why = failure.what()};
    }
    return StartOver{.wait = nextWait(now, startOvers_ + 1), .why = failure.what()};
}

// A body without an announced length may have been cut, but not if it always ends at the same byte. If the
// bytes may be a mixture, no origin is rejected; they are received again, from one origin and of one version.
Origins::Decision Origins::deliveredWrongBytes(const Error& failure, Time now) {
    const bool mayBeCut = ended_ && !size_;
    if (mayBeCut && state().ends.count(failedAt_) < rules_.policy.protocolFailuresAllowed) {
        return StartOver{.wait = nextWait(now, startOvers_ + 1), .why = failure.what()};
    }
    if (mixed_ && !std::exchange(mixtureWasWrong_, true)) {
        return StartOver{.wait = Wait(0), .why = failure.what()};
    }
    state().usable = false;
    if (!anyIsUsable()) {
        return giveUp(failure.code());
    }
    violations_ = startOvers_ = 0;
    return StartOver{.wait = selectNext(now) ? Wait(0) : nextWait(now, 1), .why = failure.what()};
}

Origins::Decision Origins::failedForNow(const Error& failure, Time now) {
    state().failedThisRound = true;
    const auto retryAfter = failure.retryAfter().value_or(std::chrono::seconds(0));
    state().notBefore = now + std::min(retryAfter, RetryPolicy::longestRetryAfter);
    return staysAtOrigin(now) ? Retry{nextWait(now, startOvers_)} : switchOrRetry(now);
}

// After a wrong mixture, others would start over; so the current origin gets a few tries to come back.
bool Origins::staysAtOrigin(Time now) const {
    return mixtureWasWrong_ && failedAt_ > 0 && state().usable && state().notBefore <= now &&
           waits_ < rules_.policy.protocolFailuresAllowed && !request(failedAt_).startsOver;
}

Origins::Decision Origins::failedForGood(const Error& failure, Time now) {
    state().failure = failure;
    state().usable = false;
    violations_ = 0;
    return switchOrRetry(now);
}

Origins::Decision Origins::giveUp(ErrorCode code) const {
    const bool cannotContinue =
        keepsBytes_ && std::any_of(origins_.begin(), origins_.end(), [](const auto& origin) {
            return origin.failure && origin.failure->code() == ErrorCode::Range;
        });
    return GiveUp{
        Error(code, reasons() + (cannotContinue ? "; data written to a pipe cannot be taken back" : ""))};
}

// A server that announces more bytes than it has stops at the same byte each time, so starting over does not
// help.
Origins::Decision Origins::refusedToResume(const Error& failure, std::uint64_t offset, Time now) {
    if (keepsBytes_ || state().refusals.count(offset) < rules_.policy.protocolFailuresAllowed) {
        return startOver(failure, now);
    }
    return failedForGood(
        Error(ErrorCode::Protocol, fmt::format("it always stops after {} of {} bytes: {}", offset,
                                               size_.value_or(offset), failure.what())),
        now);
}

bool Origins::anyIsUsable() const {
    return std::any_of(origins_.begin(), origins_.end(), [](const auto& origin) { return origin.usable; });
}

Origins::Decision Origins::switchOrRetry(Time now) {
    if (keepsBytes_) {
        rejectThoseThatStartOver();
    }
    if (!anyIsUsable()) {
        return giveUp(origins_.front().failure->code());
    }
    if (selectNext(now)) {
        return Switch{current_};
    }
    return Retry{nextWait(now, startOvers_)};
}

void Origins::rejectThoseThatStartOver() {
    for (std::size_t index = 0; index < origins_.size(); ++index) {
        auto& origin = origins_[index];
        if (const auto why = requestTo(index, failedAt_).startsOver; origin.usable && why) {
            origin.usable = false;
            origin.failure = Error(ErrorCode::Range, *why);
        }
    }
}

// Selects the next origin, in turn, that has not failed since the last wait and has not asked clients to
// wait. Returns false if there is none.
bool Origins::selectNext(Time now) {
    for (std::size_t step = 1; step <= origins_.size(); ++step) {
        const auto index = (current_ + step) % origins_.size();
        const auto& origin = origins_[index];
        if (origin.usable && !origin.failedThisRound && origin.notBefore <= now) {
            current_ = index;
            return true;
        }
    }
    return false;
}

Origins::Wait Origins::nextWait(Time now, unsigned startOvers) {
    std::uniform_real_distribution<double> unit(0, 1);
    ++waits_;
    auto wait = rules_.policy.delay(std::max(waits_, startOvers), unit(random_), shortestRetryAfter(now));
    if (rules_.deadline != Time::max()) {
        const auto left = std::chrono::ceil<Wait>(rules_.deadline - now);
        wait = std::clamp(left, Wait(0), wait);
    }
    return wait;
}

Origins::Wait Origins::shortestRetryAfter(Time now) const {
    auto first = Time::max();
    for (const auto& origin : origins_) {
        if (origin.usable) {
            first = std::min(first, origin.notBefore);
        }
    }
    return std::max(std::chrono::ceil<Wait>(first - now), Wait(0));
}

void Origins::waited(Time now) {
    for (auto& origin : origins_) {
        origin.failedThisRound = false;
    }
    if (!staysAtOrigin(now)) {
        (void)selectNext(now);
    }
}

void Origins::networkChanged() {
    waits_ = 0;
}

void Origins::keepBytes() {
    keepsBytes_ = true;
}

void Origins::ended() {
    ended_ = true;
}

void Origins::startedOver() {
    ++startOvers_;
    size_.reset();
    mixed_ = false;
    for (auto& origin : origins_) {
        origin.known = {};
        origin.opened = false;
        origin.asksWhole.reset();
    }
}

void Origins::continues(const Continuation& earlier) {
    size_ = earlier.size;
    highest_ = earlier.offset;
    mixed_ = true;
    auto& asked = origins_.front();
    asked.known.resumable = true;
    asked.known.validator = earlier.validator;
    asked.opened = true;
}

std::string Origins::reasons() const {
    if (origins_.size() == 1) {
        return origins_.front().failure->what();
    }
    std::string text;
    for (const auto& origin : origins_) {
        if (origin.failure) {
            const std::string reason = origin.failure->what();
            text += text.empty() ? "" : "; ";
            text += reason.find(origin.name) == std::string::npos ? fmt::format("{}: {}", origin.name, reason)
                                                                  : reason;
        }
    }
    return text;
}

} // namespace bootferry
