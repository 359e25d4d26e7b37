// SPDX-License-Identifier: LGPL-2.1-or-later
// failed() is the table of the header, row by row. What a request looks like is decided in
// origin_requests.cpp.
#include "origins.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "quantities.h"

namespace bootferry {
namespace {

bool isViolation(ErrorCode code) {
    return code == ErrorCode::Protocol || code == ErrorCode::Range;
}

Error tooShort(const Error& failure, std::uint64_t offset) {
    return {ErrorCode::Protocol,
            fmt::format("the server's answers are too short to show that they continue what came before byte "
                        "{}: {}",
                        offset, failure.what())};
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

Origins::Decision Origins::failed(const Error& failure, std::uint64_t offset, Time now) {
    const auto code = failure.code();
    const bool opening = std::exchange(opening_, true);
    if (code == ErrorCode::Cancelled) {
        return GiveUp{failure};
    }
    currentOrigin().failure = failure;
    failedAt_ = offset;
    const auto fresh = opening ? 0 : offset - openedAt_;
    const bool isEarlyEnd = fresh > 0 && size_ != offset;
    maybeWrong_ = maybeWrong_ || isEarlyEnd || (isViolation(code) && !opening);
    countAnswer(fresh, code == ErrorCode::Timeout);
    if (isWrongBytes(code)) {
        return afterWrongBytes(failure, now);
    }
    if (now >= rules_.deadline) { // Timeout only if nothing but the limit, or a silence, ended it
        return GiveUp{Error(requestedFailure().value_or(failure).code(),
                            fmt::format("gave up after {}: {}", formatDuration(rules_.timeout), reasons()))};
    }
    if (isViolation(code) && offset > 0 && (opening || code == ErrorCode::Range)) {
        return afterUnusableAnswer(failure, now);
    }
    if (!isTransient(code) || (isViolation(code) && isLastViolation())) {
        return afterPermanent(failure, now);
    }
    if (currentOrigin().shortAnswers >= shortAnswersAllowed) {
        return afterPermanent(tooShort(failure, offset), now);
    }
    if (endsAtTheSameByte(fresh)) {
        return afterPermanent(Error(ErrorCode::Protocol, failure.what()), now);
    }
    return afterTransient(failure, now);
}

// A source without size that cannot resume would be received from its beginning for ever.
bool Origins::endsAtTheSameByte(std::uint64_t fresh) {
    auto& origin = currentOrigin();
    return !size_ && fresh > 0 && openedAt_ == 0 && !origin.known.resumable &&
           origin.shortEnds.count(failedAt_) >= tries();
}

// A body without an announced length may have been cut, but not if it always ends at the same byte. If the
// bytes may be a mixture, no origin is to blame.
Origins::Decision Origins::afterWrongBytes(const Error& failure, Time now) {
    const bool maybeCut = ended_ && !size_;
    if (maybeCut && currentOrigin().shortEnds.count(failedAt_) < tries()) {
        return StartOver{.wait = nextWait(now, startOvers_ + 1), .why = failure.what()};
    }
    if (maybeMixed_ && !std::exchange(mixtureWasWrong_, true)) {
        return StartOver{.wait = Wait(0), .why = failure.what()};
    }
    currentOrigin().usable = false;
    if (!anyIsUsable()) {
        return giveUp(failure.code());
    }
    violations_ = startOvers_ = 0;
    return StartOver{.wait = selectNext(now) ? Wait(0) : nextWait(now, 1), .why = failure.what()};
}

// It may be a temporary fault, or the source has changed, or the server does not support offsets. A server
// that announces more bytes than it has refuses the same offset each time, so starting over does not help.
Origins::Decision Origins::afterUnusableAnswer(const Error& failure, Time now) {
    auto& origin = currentOrigin();
    const bool isRange = failure.code() == ErrorCode::Range;
    if (origin.restartReason) {
        return isLastViolation() ? afterPermanent(failure, now) : afterTransient(failure, now);
    }
    if (isRange && mayIgnoreValidator()) {
        origin.validatorVaries = true;
        return Switch{current_};
    }
    if (!isRange && ++origin.unusableAnswers < unusableAnswersAllowed) {
        return afterTransient(failure, now);
    }
    if (!mayStartOver_) {
        return ++origin.unusableAnswers < tries() ? afterTransient(failure, now)
                                                  : afterPermanent(failure, now);
    }
    if (isRange && origin.changes.count(failedAt_) >= tries()) {
        const auto why = fmt::format("it always stops after {} of {} bytes: {}", failedAt_,
                                     size_.value_or(failedAt_), failure.what());
        return afterPermanent(Error(ErrorCode::Protocol, why), now);
    }
    origin.restartReason = failure.what();
    const auto wait = nextWait(now, startOvers_ + 1);
    return StartOver{.wait = startOvers_ == 0 ? Wait(0) : wait, .why = failure.what()};
}

Origins::Decision Origins::afterPermanent(const Error& failure, Time now) {
    currentOrigin().failure = failure;
    currentOrigin().usable = false;
    violations_ = 0;
    return switchOrRetry(now);
}

Origins::Decision Origins::changedAgain(const Error& failure, std::uint64_t offset, Time now) {
    current_ = deliveredBy_;
    failedAt_ = offset;
    startOvers_ = 0; // the others have repeated nothing
    opening_ = true;
    return afterPermanent(failure, now);
}

Origins::Decision Origins::afterTransient(const Error& failure, Time now) {
    currentOrigin().failedThisRound = true;
    const auto retryAfter = failure.retryAfter().value_or(std::chrono::seconds(0));
    currentOrigin().notBefore = now + std::min(retryAfter, RetryPolicy::longestRetryAfter);
    return staysAtOrigin(now) ? Retry{nextWait(now, startOvers_)} : switchOrRetry(now);
}

Origins::Decision Origins::giveUp(ErrorCode code) const {
    const bool refusesStartOver =
        !mayStartOver_ && std::any_of(origins_.begin(), origins_.end(), [](const auto& origin) {
            return origin.failure && origin.failure->code() == ErrorCode::Range;
        });
    return GiveUp{
        Error(code, reasons() + (refusesStartOver ? "; data written to a pipe cannot be taken back" : ""))};
}

Origins::Decision Origins::switchOrRetry(Time now) {
    if (!mayStartOver_) {
        rejectThoseThatRestart();
    }
    if (!anyIsUsable()) {
        return giveUp(origins_.front().failure->code());
    }
    return selectNext(now) ? Decision(Switch{current_}) : Retry{nextWait(now, startOvers_)};
}

// After a wrong mixture, others would start over; so the current origin gets a few tries to come back.
bool Origins::staysAtOrigin(Time now) const {
    return mixtureWasWrong_ && failedAt_ > 0 && currentOrigin().usable && currentOrigin().notBefore <= now &&
           waits_ < tries() && !request(failedAt_).restartReason;
}

void Origins::rejectThoseThatRestart() {
    for (std::size_t index = 0; index < origins_.size(); ++index) {
        auto& origin = origins_[index];
        if (const auto why = requestTo(index, failedAt_).restartReason; origin.usable && why) {
            origin.usable = false;
            origin.failure = Error(ErrorCode::Range, *why);
        }
    }
}

bool Origins::anyIsUsable() const {
    return std::any_of(origins_.begin(), origins_.end(), [](const auto& origin) { return origin.usable; });
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

void Origins::forbidStartOver() {
    mayStartOver_ = false;
}

void Origins::ended() {
    ended_ = true;
}

void Origins::partEnded(std::uint64_t offset) {
    countAnswer(offset - openedAt_, false);
    opening_ = true;
}

void Origins::startedOver() {
    ++startOvers_;
    size_.reset();
    maybeMixed_ = maybeWrong_ = false;
    for (auto& origin : origins_) {
        origin.known = {};
        origin.wasOpened = origin.isElsewhere = false;
        origin.restartReason.reset();
    }
}

void Origins::continueFrom(const Continuation& earlier, bool isTrusted) {
    size_ = earlier.size;
    highest_ = earlier.offset;
    maybeMixed_ = !earlier.isWhole;
    auto& asked = origins_.front();
    asked.known.resumable = true;
    asked.known.validator = earlier.validator;
    asked.known.strongValidator = isTrusted;
    asked.wasOpened = true;
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
