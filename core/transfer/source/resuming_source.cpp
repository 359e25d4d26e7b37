// SPDX-License-Identifier: LGPL-2.1-or-later
// deliver() is the main loop: it opens a source if there is none, reads, and calls recover() on failure,
// which prepares a retry or throws, depending on the error's code.
#include "resuming_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "quantities.h"

namespace bootferry {
namespace {

// After the kernel has announced a route, name and neighbour resolution need some time to work.
constexpr std::chrono::milliseconds networkSettleTime{200};

// For the beginning of an attempt, which cannot be spliced yet. An empty pipe holds at least a page, and only
// that for a user with many pipes (pipe(7), pipe-user-pages-soft); a longer write would block.
std::size_t copyInto(int pipe, ByteSource& source, std::size_t most) {
    std::array<std::byte, std::size_t{32} << 10U> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    most = std::min(most, static_cast<std::size_t>(checkErrno(::fcntl(pipe, F_GETPIPE_SZ), "asking a pipe")));
    const auto count = source.read(std::span(buffer).first(std::min(most, buffer.size())));
    if (count > 0) {
        checkErrno(::write(pipe, buffer.data(), count), "writing to a pipe");
    }
    return count;
}

} // namespace

ResumingSource::ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings,
                               ProgressReporter& reporter)
    : settings_(settings), reporter_(reporter), giveUp_(settings.cancelFd, settings.stallTimeout),
      pace_(settings.limitRate), timeLimit_(settings.timeout ? GiveUpSignal::Clock::now() + *settings.timeout
                                                             : GiveUpSignal::Clock::time_point::max()),
      deadline_(timeLimit_) {
    for (auto& origin : origins) {
        origins_.push_back({.origin = std::move(origin), .known = {}, .failure = {}, .notBefore = {}});
    }
}

std::size_t ResumingSource::read(std::span<std::byte> into) {
    const auto portion = into.first(pace_.portion(into.size()));
    return deliver([portion](ByteSource& source) { return source.read(portion); });
}

std::size_t ResumingSource::splice(int pipe, std::size_t most) {
    const auto portion = pace_.portion(most);
    return deliver([pipe, portion](ByteSource& source) {
        return source.info().spliceable ? source.splice(pipe, portion) : copyInto(pipe, source, portion);
    });
}

template <typename Call>
std::size_t ResumingSource::deliver(Call call) {
    awaitTurn();
    const auto begun = GiveUpSignal::Clock::now();
    deadline_ = settings_.idleTimeout ? std::min(timeLimit_, begun + *settings_.idleTimeout) : timeLimit_;
    for (;;) {
        try {
            if (!source_) {
                if (size_ && offset_ == *size_) {
                    return 0; // the connection broke after the last byte
                }
                open();
            }
            giveUp_.startClock(deadline_);
            const auto count = call(*source_);
            giveUp_.stopClock();
            if (!size_) {
                size_ = source_->info().size; // may become known late
                reporter_.setTotal(size_.value_or(unknownSize));
            }
            if (count == 0 && size_ && offset_ != *size_) {
                throw Error(ErrorCode::Unreachable,
                            fmt::format("the source ended after {} of {} bytes", offset_, *size_));
            }
            if (count > 0) {
                pace_.count(count, begun);
                offset_ += count;
                forgetFailures();
                reporter_.setBytes(offset_);
            }
            return count;
        } catch (const StartOver&) {
            throw;
        } catch (const Error& failure) {
            const auto reason = explained(failure); // before stopClock() resets an expired clock
            giveUp_.stopClock();
            source_.reset();
            recover(reason);
        }
    }
}

void ResumingSource::awaitTurn() {
    const auto turn = std::min(pace_.next(), timeLimit_);
    for (auto now = GiveUpSignal::Clock::now(); now < turn; now = GiveUpSignal::Clock::now()) {
        pollfd cancel{.fd = settings_.cancelFd, .events = POLLIN, .revents = 0};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(turn - now);
        if (::poll(&cancel, 1, static_cast<int>(wait.count())) > 0) {
            throw Error(ErrorCode::Cancelled, "cancelled");
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

// Plugins compare the validator if their protocol can. Comparing the sizes covers the others.
void ResumingSource::checkSameSource(const SourceInfo& now) {
    if (offset_ > 0 && size_ && now.size && *size_ != *now.size) {
        throw Error(ErrorCode::Range, fmt::format("the source changed: its size was {} bytes and is {} now",
                                                  *size_, *now.size));
    }
}

std::string ResumingSource::validatorFor(const OriginState& state) const {
    if (offset_ == 0) {
        return {};
    }
    if (state.opened) {
        return state.known.validator;
    }
    // This is the first use of a mirror. Its validator may differ for the same bytes (an ETag with an inode),
    // so if a checksum detects a mixture at the end, comparing the size is enough. Otherwise the validator
    // must match.
    const auto& validator = origins_[lastOpened_].known.validator;
    if (!settings_.contentIsVerified && validator.empty()) {
        throw StartOver(
            fmt::format("cannot verify that {} has the same bytes", state.origin.url.authority()));
    }
    return settings_.contentIsVerified && size_ ? std::string() : validator;
}

// Called when bytes arrive. Failures of origins that were given up are kept for reasons().
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

// Why the origins failed. With several origins each reason has its server's name, so that a mirror's failure
// is not taken for that of the requested server.
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
        return Error(ErrorCode::Timeout, offset_ > 0 ? fmt::format("{} bytes had arrived", offset_)
                                                     : std::string("no answer yet"));
    }
    return giveUp_.expired()
               ? Error(ErrorCode::Timeout,
                       fmt::format("nothing arrived for {}", formatDuration(giveUp_.patience())))
               : Error(ErrorCode::Internal, "the plugin reported a cancel that nobody requested");
}

// A time limit is a class of its own; when nothing arrives, the class is that of the reason.
void ResumingSource::giveUpIfTooLate() {
    const auto now = GiveUpSignal::Clock::now();
    if (now >= timeLimit_) {
        throw Error(ErrorCode::Timeout,
                    fmt::format("gave up after {}: {}", formatDuration(*settings_.timeout), reasons()));
    }
    if (now >= deadline_) {
        throw Error(origins_.front().failure.value_or(*current().failure).code(),
                    fmt::format("gave up after {} in which nothing arrived: {}",
                                formatDuration(*settings_.idleTimeout), reasons()));
    }
}

void ResumingSource::recover(const Error& failure) {
    if (failure.code() == ErrorCode::Cancelled) {
        throw failure;
    }
    current().failure = failure;
    failed_ = true;
    giveUpIfTooLate();
    if (!settings_.retries) {
        throw failure;
    }
    if (failure.code() == ErrorCode::Range && offset_ > 0) {
        startOverOrGiveUp(failure);
        return;
    }
    const bool brokenPeer = failure.code() == ErrorCode::Protocol || failure.code() == ErrorCode::Range;
    if (!isTransient(failure.code()) ||
        (brokenPeer && ++protocolFailures_ >= settings_.policy.protocolFailuresAllowed)) {
        giveUpOrigin(failure);
        return;
    }
    ++failuresInARow_;
    reporter_.countAttempt();
    current().failedThisRound = true;
    const auto retryAfter = failure.retryAfter().value_or(std::chrono::seconds(0));
    current().notBefore = GiveUpSignal::Clock::now() + std::min(retryAfter, RetryPolicy::longestRetryAfter);
    if (!selectNextOrigin()) {
        waitBeforeRetry();
    }
}

// Starting over does not help with a server that announces more bytes than it has: it stops at the same byte
// each time.
void ResumingSource::startOverOrGiveUp(const Error& failure) {
    refusals_ = refusedAt_ == offset_ ? refusals_ + 1 : 1;
    refusedAt_ = offset_;
    if (refusals_ < settings_.policy.protocolFailuresAllowed) {
        throw StartOver(failure.what());
    }
    refusals_ = 0;
    const Error stopsHere(ErrorCode::Protocol, fmt::format("it always stops after {} of {} bytes: {}",
                                                           offset_, size_.value_or(offset_), failure.what()));
    current().failure = stopsHere;
    giveUpOrigin(stopsHere);
}

void ResumingSource::giveUpOrigin(const Error& failure) {
    current().usable = false;
    if (std::none_of(origins_.begin(), origins_.end(), [](const auto& state) { return state.usable; })) {
        throw Error(origins_.front().failure->code(), reasons());
    }
    reporter_.countAttempt();
    protocolFailures_ = 0;
    const auto givenUp = current().origin.url.authority();
    if (!selectNextOrigin()) {
        waitBeforeRetry();
        return;
    }
    reporter_.setState(TransferState::Waiting, fmt::format("switching from {} to {}: {}", givenUp,
                                                           current().origin.url.authority(), failure.what()));
}

// Selects the next origin, in turn, that has not failed since the last byte or the last wait and has not
// asked clients to wait. Returns false if there is none.
bool ResumingSource::selectNextOrigin() {
    const auto now = GiveUpSignal::Clock::now();
    for (std::size_t step = 1; step <= origins_.size(); ++step) {
        const auto index = (currentIndex_ + step) % origins_.size();
        const auto& state = origins_[index];
        if (state.usable && !state.failedThisRound && state.notBefore <= now) {
            currentIndex_ = index;
            return true;
        }
    }
    return false;
}

// The time until the first server accepts a retry, according to the servers' Retry-After.
std::chrono::milliseconds ResumingSource::shortestRetryAfter() const {
    auto first = GiveUpSignal::Clock::time_point::max();
    for (const auto& state : origins_) {
        if (state.usable) {
            first = std::min(first, state.notBefore);
        }
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(first - GiveUpSignal::Clock::now());
    return std::max(wait, std::chrono::milliseconds(0));
}

void ResumingSource::waitBeforeRetry() {
    std::uniform_real_distribution<double> unit(0, 1);
    auto wait = settings_.policy.delay(failuresInARow_, unit(random_), shortestRetryAfter());
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
    (void)selectNextOrigin();
}

// A new address or route ends the wait, unless a server asked for it (Retry-After).
void ResumingSource::pause(std::chrono::milliseconds wait) {
    const auto until = GiveUpSignal::Clock::now() + wait;
    auto woken = NetworkWatch::Woken::NetworkChanged;
    while (woken == NetworkWatch::Woken::NetworkChanged) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - GiveUpSignal::Clock::now());
        woken = network_.wait(std::max(left, std::chrono::milliseconds(0)), settings_.cancelFd);
        if (woken == NetworkWatch::Woken::NetworkChanged) {
            failuresInARow_ = 0;
            if (shortestRetryAfter() == std::chrono::milliseconds(0)) {
                woken = network_.wait(std::min(networkSettleTime, wait), settings_.cancelFd);
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
        giveUp_.startClock(timeLimit_);
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

void ResumingSource::continueFrom(const Continuation& earlier) {
    offset_ = earlier.offset;
    size_ = earlier.size;
    auto& asked = origins_.front();
    asked.known.resumable = true;
    asked.known.validator = earlier.validator;
    asked.opened = true;
    reporter_.setBytes(offset_);
    reporter_.setTotal(size_.value_or(unknownSize));
}

void ResumingSource::keepAlive() {
    giveUp_.touch();
}

} // namespace bootferry
