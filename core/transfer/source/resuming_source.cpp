// SPDX-License-Identifier: LGPL-2.1-or-later
// deliver() is the whole story: open if need be, read, and on failure let recover() either make another try
// possible or throw. What recover() may do follows from the error's code alone.
#include "resuming_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "quantities.h"

namespace bootferry {
namespace {

// After the kernel announced a route, give the resolver and the neighbours this long to follow.
constexpr std::chrono::milliseconds settleTime{200};

// For the beginning of an attempt, which cannot be spliced yet. An empty pipe takes what it holds without
// waiting, which may be a page: a user with many pipes gets no more (pipe(7), pipe-user-pages-soft).
std::size_t copyInto(int pipe, ByteSource& source, std::size_t most) {
    std::array<std::byte, std::size_t{32} << 10U> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    most = std::min(most, static_cast<std::size_t>(checkErrno(::fcntl(pipe, F_GETPIPE_SZ), "asking a pipe")));
    const auto count = source.read(std::span(buffer).first(std::min(most, buffer.size())));
    if (count > 0) {
        checkErrno(::write(pipe, buffer.data(), count), "handing bytes on");
    }
    return count;
}

} // namespace

ResumingSource::ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings,
                               ProgressReporter& reporter)
    : settings_(settings), reporter_(reporter), giveUp_(settings.cancelFd, settings.stallTimeout),
      deadline_(settings.timeout ? GiveUpSignal::Clock::now() + *settings.timeout
                                 : GiveUpSignal::Clock::time_point::max()) {
    for (auto& origin : origins) {
        origins_.push_back({.origin = std::move(origin), .known = {}, .failure = {}, .askAgain = {}});
    }
}

std::size_t ResumingSource::read(std::span<std::byte> into) {
    return deliver([into](ByteSource& source) { return source.read(into); });
}

std::size_t ResumingSource::splice(int pipe, std::size_t most) {
    return deliver([pipe, most](ByteSource& source) {
        return source.info().spliceable ? source.splice(pipe, most) : copyInto(pipe, source, most);
    });
}

template <typename Call>
std::size_t ResumingSource::deliver(Call call) {
    for (;;) {
        try {
            if (!source_) {
                if (size_ && offset_ == *size_) {
                    return 0; // all of it came before the connection broke
                }
                open();
            }
            giveUp_.startClock(deadline_);
            const auto count = call(*source_);
            giveUp_.stopClock();
            if (!size_) {
                size_ = source_->info().size; // some sources learn it late
                reporter_.setTotal(size_.value_or(unknownSize));
            }
            if (count == 0 && size_ && offset_ != *size_) {
                throw Error(ErrorCode::Unreachable,
                            fmt::format("the source ended after {} of {} bytes", offset_, *size_));
            }
            if (count > 0) {
                offset_ += count;
                forgetFailures();
                reporter_.setBytes(offset_);
            }
            return count;
        } catch (const StartOver&) {
            throw;
        } catch (const Error& failure) {
            const auto reason = explained(failure); // before the clock that may have run out is reset
            giveUp_.stopClock();
            source_.reset();
            recover(reason);
        }
    }
}

void ResumingSource::open() {
    auto& state = current();
    if (offset_ > 0 && !state.known.resumable && state.opened) {
        throw StartOver("the server cannot resume");
    }
    reporter_.setState(TransferState::Connecting,
                       fmt::format("connecting to {}", state.origin.url.authority()));
    giveUp_.startClock(deadline_);
    const auto& url = state.origin.url;
    source_ = state.origin.transport->open({.url = url.redacted(),
                                            .offset = offset_,
                                            .validator = validatorFor(state),
                                            .cancelFd = giveUp_.fd()});
    giveUp_.stopClock();
    const auto info = source_->info();
    checkSameSource(info);
    state.known = info;
    state.opened = true;
    lastOpened_ = currentIndex_;
    if (info.size) {
        size_ = info.size;
        reporter_.setTotal(*size_);
    }
    reporter_.setState(TransferState::Transferring);
}

// A plugin compares the validator where its protocol can; sizes are compared here, for those that cannot.
void ResumingSource::checkSameSource(const SourceInfo& now) {
    if (offset_ > 0 && size_ && now.size && *size_ != *now.size) {
        throw Error(ErrorCode::Range,
                    fmt::format("the source changed: it had {} bytes and has {} now", *size_, *now.size));
    }
}

std::string ResumingSource::validatorFor(const OriginState& state) const {
    if (offset_ == 0) {
        return {};
    }
    if (state.opened) {
        return state.known.validator;
    }
    // A mirror seen for the first time: its own validator may differ for the same bytes (an inode in an
    // ETag), so with a checksum to catch a mix-up at the end the size has to do. Without either nothing does.
    const auto& validator = origins_[lastOpened_].known.validator;
    if (!settings_.contentIsVerified && validator.empty()) {
        throw StartOver(
            fmt::format("nothing shows that {} has the same bytes", state.origin.url.authority()));
    }
    return settings_.contentIsVerified && size_ ? std::string() : validator;
}

// What failed before the last byte is history, but for origins that were left for good.
void ResumingSource::forgetFailures() {
    failuresInARow_ = protocolFailures_ = 0;
    if (std::exchange(failed_, false)) {
        for (auto& state : origins_) {
            state.failedThisRound = false;
            if (state.usable) {
                state.failure.reset();
            }
        }
    }
}

// The reason of one server as it is; of several each is named, so that a mirror's does not pass for the
// reason of the one that was asked for.
std::string ResumingSource::reasons() const {
    if (origins_.size() == 1) {
        return origins_.front().failure->what();
    }
    std::string text;
    for (const auto& state : origins_) {
        if (state.failure) {
            const std::string reason = state.failure->what();
            const auto authority = state.origin.url.authority();
            text += text.empty() ? "" : "; ";
            text += reason.find(authority) == std::string::npos ? fmt::format("{}: {}", authority, reason)
                                                                : reason;
        }
    }
    return text;
}

Error ResumingSource::explained(const Error& failure) const {
    if (giveUp_.cancelled()) {
        return Error(ErrorCode::Cancelled, "cancelled");
    }
    if (failure.code() != ErrorCode::Cancelled) {
        return failure;
    }
    if (GiveUpSignal::Clock::now() >= deadline_) {
        if (const auto& before = origins_[currentIndex_].failure) {
            return *before;
        }
        return Error(ErrorCode::Timeout, offset_ > 0 ? fmt::format("{} bytes had arrived by then", offset_)
                                                     : std::string("no answer yet"));
    }
    return giveUp_.expired() ? Error(ErrorCode::Timeout, fmt::format("nothing arrived for {}",
                                                                     formatDuration(giveUp_.patience())))
                             : Error(ErrorCode::Internal, "the plugin gave up though nobody asked it to");
}

void ResumingSource::recover(const Error& failure) {
    if (failure.code() == ErrorCode::Cancelled) {
        throw failure;
    }
    current().failure = failure;
    failed_ = true;
    if (GiveUpSignal::Clock::now() >= deadline_) {
        throw Error(ErrorCode::Timeout,
                    fmt::format("gave up after {}: {}", formatDuration(*settings_.timeout), reasons()));
    }
    if (failure.code() == ErrorCode::Range && offset_ > 0) {
        startOverOrLeave(failure);
        return;
    }
    const bool brokenPeer = failure.code() == ErrorCode::Protocol || failure.code() == ErrorCode::Range;
    if (!isTransient(failure.code()) ||
        (brokenPeer && ++protocolFailures_ >= settings_.policy.protocolFailuresAllowed)) {
        leaveOrigin(failure);
        return;
    }
    ++failuresInARow_;
    reporter_.countAttempt();
    current().failedThisRound = true;
    const auto wish = failure.retryAfter().value_or(std::chrono::seconds(0));
    current().askAgain = GiveUpSignal::Clock::now() + std::min(wish, RetryPolicy::longestWish);
    if (!moveOn()) {
        waitBeforeRetry();
    }
}

// A server that announces more than it has stops at the same byte each time, and has nothing behind it.
void ResumingSource::startOverOrLeave(const Error& failure) {
    refusals_ = refusedAt_ == offset_ ? refusals_ + 1 : 1;
    refusedAt_ = offset_;
    if (refusals_ < settings_.policy.protocolFailuresAllowed) {
        throw StartOver(failure.what());
    }
    refusals_ = 0;
    const Error stopsHere(ErrorCode::Protocol, fmt::format("each time it stops after {} of {} bytes: {}",
                                                           offset_, size_.value_or(offset_), failure.what()));
    current().failure = stopsHere;
    leaveOrigin(stopsHere);
}

void ResumingSource::leaveOrigin(const Error& failure) {
    current().usable = false;
    if (std::none_of(origins_.begin(), origins_.end(), [](const auto& state) { return state.usable; })) {
        throw Error(origins_.front().failure->code(), reasons());
    }
    reporter_.countAttempt();
    protocolFailures_ = 0;
    const auto left = current().origin.url.authority();
    if (!moveOn()) {
        waitBeforeRetry();
        return;
    }
    reporter_.setState(TransferState::Waiting, fmt::format("leaving {} for {}: {}", left,
                                                           current().origin.url.authority(), failure.what()));
}

// To the next origin, in turn, that has not failed since the last byte or the last wait and has not asked to
// be left alone for longer. False: there is none.
bool ResumingSource::moveOn() {
    const auto now = GiveUpSignal::Clock::now();
    for (std::size_t step = 1; step <= origins_.size(); ++step) {
        const auto index = (currentIndex_ + step) % origins_.size();
        const auto& state = origins_[index];
        if (state.usable && !state.failedThisRound && state.askAgain <= now) {
            currentIndex_ = index;
            return true;
        }
    }
    return false;
}

// How long the server that can be asked first wants to be left alone.
std::chrono::milliseconds ResumingSource::shortestWish() const {
    auto first = GiveUpSignal::Clock::time_point::max();
    for (const auto& state : origins_) {
        if (state.usable) {
            first = std::min(first, state.askAgain);
        }
    }
    const auto wish = std::chrono::ceil<std::chrono::milliseconds>(first - GiveUpSignal::Clock::now());
    return std::max(wish, std::chrono::milliseconds(0));
}

void ResumingSource::waitBeforeRetry() {
    std::uniform_real_distribution<double> unit(0, 1);
    auto wait = settings_.policy.delay(failuresInARow_, unit(random_), shortestWish());
    if (deadline_ != GiveUpSignal::Clock::time_point::max()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline_ - GiveUpSignal::Clock::now());
        wait = std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0), wait);
    }
    reporter_.setState(TransferState::Waiting,
                       NetworkWatch::isConfigured()
                           ? fmt::format("retrying in {}: {}", formatDuration(wait), reasons())
                           : fmt::format("waiting for the network ({})", reasons()));
    pause(wait);
    for (auto& state : origins_) {
        state.failedThisRound = false;
    }
    (void)moveOn();
}

// A new address or route ends a wait, but not one that a server asked for.
void ResumingSource::pause(std::chrono::milliseconds wait) {
    const auto until = GiveUpSignal::Clock::now() + wait;
    auto woken = NetworkWatch::Woken::NetworkChanged;
    while (woken == NetworkWatch::Woken::NetworkChanged) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - GiveUpSignal::Clock::now());
        woken = network_.wait(std::max(left, std::chrono::milliseconds(0)), settings_.cancelFd);
        if (woken == NetworkWatch::Woken::NetworkChanged) {
            failuresInARow_ = 0;
            if (shortestWish() == std::chrono::milliseconds(0)) {
                woken = network_.wait(std::min(settleTime, wait), settings_.cancelFd);
                break;
            }
        }
    }
    if (woken == NetworkWatch::Woken::Cancelled) {
        throw Error(ErrorCode::Cancelled, "cancelled");
    }
}

SourceInfo ResumingSource::info() {
    auto info = source_ ? source_->info() : origins_[lastOpened_].known;
    info.size = size_ ? size_ : info.size;
    return info;
}

void ResumingSource::finish(Outcome outcome) {
    if (source_) {
        giveUp_.startClock(deadline_);
        source_->finish(outcome);
        giveUp_.stopClock();
    }
}

void ResumingSource::startOver() {
    source_.reset();
    offset_ = 0;
    size_.reset();
    for (auto& state : origins_) {
        state.known = {};
        state.opened = false;
    }
    reporter_.setBytes(0);
    reporter_.setTotal(unknownSize);
}

void ResumingSource::keepAlive() {
    giveUp_.touch();
}

} // namespace bootferry
