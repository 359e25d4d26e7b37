// SPDX-License-Identifier: LGPL-2.1-or-later
// deliver() is the whole story: open if need be, read, and on failure let recover() either make another try
// possible or throw. What recover() may do follows from the error's code alone.
#include "resuming_source.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "quantities.h"

namespace bootferry {
namespace {

// After the kernel announced a route, give the resolver and the neighbours this long to follow.
constexpr std::chrono::milliseconds settleTime{200};

// For the beginning of an attempt, which cannot be spliced yet. An empty pipe takes so much without waiting.
std::size_t copyInto(int pipe, ByteSource& source, std::size_t most) {
    std::array<std::byte, std::size_t{32} << 10U> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
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
                                 : GiveUpSignal::Clock::time_point::max()),
      attempt_(reporter.progress().attempt) {
    for (auto& origin : origins) {
        origins_.push_back({.origin = std::move(origin), .known = {}, .opened = false, .usable = true});
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
                failuresInARow_ = protocolFailures_ = triedThisRound_ = 0;
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
        throw StartOver(fmt::format("the source changed: it had {} bytes and has {} now", *size_, *now.size));
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
    // ETag), so with a checksum to catch a mix-up at the end the size has to do.
    return settings_.contentIsVerified && size_ ? std::string() : origins_[lastOpened_].known.validator;
}

Error ResumingSource::explained(const Error& failure) const {
    if (giveUp_.cancelled()) {
        return Error(ErrorCode::Cancelled, "cancelled");
    }
    if (failure.code() == ErrorCode::Cancelled) {
        if (GiveUpSignal::Clock::now() >= deadline_) {
            return Error(ErrorCode::Timeout, lastReason_.empty() ? "no answer yet" : lastReason_);
        }
        return giveUp_.expired() ? Error(ErrorCode::Timeout, fmt::format("nothing arrived for {}",
                                                                         formatDuration(giveUp_.patience())))
                                 : Error(ErrorCode::Internal, "the plugin gave up though nobody asked it to");
    }
    return failure;
}

void ResumingSource::recover(const Error& failure) {
    if (failure.code() == ErrorCode::Cancelled) {
        throw failure;
    }
    if (GiveUpSignal::Clock::now() >= deadline_) {
        throw Error(ErrorCode::Timeout,
                    fmt::format("gave up after {}: {}", formatDuration(*settings_.timeout), failure.what()));
    }
    if (failure.code() == ErrorCode::Range && offset_ > 0) {
        throw StartOver(failure.what());
    }
    const bool brokenPeer = failure.code() == ErrorCode::Protocol || failure.code() == ErrorCode::Range;
    if (!isTransient(failure.code()) ||
        (brokenPeer && ++protocolFailures_ >= settings_.policy.protocolFailuresAllowed)) {
        leaveOrigin(failure);
        return;
    }
    ++failuresInARow_;
    lastReason_ = failure.what();
    reporter_.setAttempt(++attempt_);
    ++triedThisRound_;
    if (!moveToNextUsable()) {
        waitBeforeRetry(failure);
        triedThisRound_ = 0;
    }
}

void ResumingSource::leaveOrigin(const Error& failure) {
    current().usable = false;
    if (std::none_of(origins_.begin(), origins_.end(), [](const auto& state) { return state.usable; })) {
        throw failure;
    }
    reporter_.setAttempt(++attempt_);
    protocolFailures_ = 0;
    const auto left = current().origin.url.authority();
    (void)moveToNextUsable();
    reporter_.setState(TransferState::Waiting, fmt::format("leaving {} for {}: {}", left,
                                                           current().origin.url.authority(), failure.what()));
}

// True: another origin is there that has not failed since the last byte or the last wait.
bool ResumingSource::moveToNextUsable() {
    const auto usable = static_cast<unsigned>(
        std::count_if(origins_.begin(), origins_.end(), [](const auto& state) { return state.usable; }));
    do {
        currentIndex_ = (currentIndex_ + 1) % origins_.size();
    } while (!current().usable);
    return triedThisRound_ < usable;
}

void ResumingSource::waitBeforeRetry(const Error& failure) {
    std::uniform_real_distribution<double> unit(0, 1);
    auto wait = settings_.policy.delay(failuresInARow_, unit(random_), failure.retryAfter());
    if (deadline_ != GiveUpSignal::Clock::time_point::max()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline_ - GiveUpSignal::Clock::now());
        wait = std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0), wait);
    }
    reporter_.setState(TransferState::Waiting,
                       NetworkWatch::isConfigured()
                           ? fmt::format("retrying in {}: {}", formatDuration(wait), failure.what())
                           : fmt::format("waiting for the network ({})", failure.what()));
    auto woken = network_.wait(wait, settings_.cancelFd);
    if (woken == NetworkWatch::Woken::NetworkChanged) {
        failuresInARow_ = 0;
        woken = network_.wait(std::min(settleTime, wait), settings_.cancelFd);
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
