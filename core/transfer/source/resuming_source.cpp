// SPDX-License-Identifier: LGPL-2.1-or-later
// deliver() is the main loop: it opens a source if there is none, reads, and after a failure does what
// Origins decides. The classes beside it do the rest: Patience keeps the time limits, RetryPause waits,
// overlap_comparison proves that bytes continue, SourceProgress reports.
#include "resuming_source.h"

#include <algorithm>
#include <random>
#include <utility>
#include <variant>

#include <spdlog/fmt/fmt.h>

#include "quantities.h"

namespace bootferry {
namespace {

TimeLimits limitsOf(const ResumeSettings& settings) {
    return {.silence = settings.stallTimeout, .read = settings.idleTimeout, .transfer = settings.timeout};
}

OriginRules rulesOf(const ResumeSettings& settings, Origins::Time deadline) {
    return {.policy = settings.policy,
            .contentIsVerified = settings.contentIsVerified,
            .deadline = deadline,
            .timeout = settings.timeout.value_or(std::chrono::microseconds(0))};
}

// Bytes behind wrong ones. Longer than an error page, and than what is buffered on the way.
constexpr std::uint64_t mostDiscarded = std::uint64_t{512} << 10U;

// The wait before the next attempt, if there is one.
std::optional<Origins::Wait> waitOf(const Origins::Decision& decision) {
    if (const auto* retry = std::get_if<Origins::Retry>(&decision)) {
        return retry->wait;
    }
    const auto* again = std::get_if<Origins::StartOver>(&decision);
    return again != nullptr && again->wait.count() > 0 ? std::optional(again->wait) : std::nullopt;
}

} // namespace

std::vector<std::string> namesOf(const std::vector<Origin>& origins) {
    std::vector<Url> urls;
    urls.reserve(origins.size());
    for (const auto& origin : origins) {
        urls.push_back(origin.url);
    }
    return originNames(urls);
}

ResumingSource::ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings,
                               ProgressReporter& reporter)
    : origins_(std::move(origins)), settings_(settings), patience_(limitsOf(settings), settings.cancelFd),
      pause_([this](Origins::Wait longest) { return network_.wait(longest, settings_.cancelFd); }),
      pace_(settings.limitRate), progress_(reporter, namesOf(origins_)),
      decider_(namesOf(origins_), rulesOf(settings, patience_.endOfTransfer()), std::random_device{}()) {}

std::size_t ResumingSource::read(std::span<std::byte> into) {
    const auto portion = into.first(pace_.portion(into.size()));
    const auto count = deliver([portion](ByteSource& source) { return source.read(portion); });
    tail_.add(portion.first(count));
    return count;
}

std::size_t ResumingSource::splice(int pipe, std::size_t most) {
    const auto portion = pace_.portion(most);
    tail_.forget();
    return deliver([pipe, portion](ByteSource& source) { return spliceOrCopy(source, pipe, portion); });
}

template <typename Call>
std::size_t ResumingSource::deliver(Call call) {
    patience_.sleepUntil(pace_.next());
    const auto begun = Patience::Clock::now();
    if (!decider_.repeats(offset_)) {
        patience_.beginRead();
    }
    for (;;) {
        try {
            if (!source_ && decider_.isComplete(offset_)) {
                requireUnchanged();
                return 0; // the connection broke after the last byte
            }
            if (!source_) {
                open();
            }
            if (!source_) {
                continue;
            }
            const auto arrived = patience_.during([&] { return call(*source_); });
            learnSize();
            if (arrived > 0) {
                pace_.count(arrived, begun);
                return advance(arrived);
            }
            if (!isPart()) {
                requireWhole();
                requireUnchanged();
                return 0;
            }
            decider_.partEnded(offset_);
            source_.reset();
        } catch (const StartOver&) {
            throw;
        } catch (const AllOriginsFailed&) {
            throw;
        } catch (const Error& failure) {
            const auto cause = patience_.causeOf(failure, decider_.lastFailure(), offset_);
            const bool wasOpen = std::exchange(source_, nullptr) != nullptr;
            recover(cause, wasOpen);
        }
    }
}

void ResumingSource::open() {
    auto request = decider_.request(offset_);
    if (request.restartReason && !request.restartsWhenOpened) {
        throw StartOver(*request.restartReason);
    }
    const auto overlap = request.overlap > 0 ? overlapOf(request) : Overlap();
    const auto& origin = origins_[decider_.current()];
    progress_.connecting(origin.url);
    networkWasUp_ = settings_.isNetworkUp();
    source_ = patience_.during([&] {
        return origin.transport->open({.url = origin.url.redacted(),
                                       .offset = request.offset,
                                       .validator = request.validator,
                                       .cancelFd = patience_.cancelFd(),
                                       .rawUrl = origin.url.asWritten()});
    });
    if (request.restartReason) {
        throw StartOver(*request.restartReason); // startOver() uses this source
    }
    if (!decider_.answered(request, source_->info())) {
        source_.reset();
        return;
    }
    if (request.overlap > 0) {
        compare(overlap);
    }
    accept(request);
}

void ResumingSource::accept(const Origins::Request& request) {
    decider_.opened(request, source_->info());
    openedAt_ = offset_;
    answeredAt_ = Patience::Clock::now();
    progress_.transferring(decider_.size());
}

Overlap ResumingSource::overlapOf(Origins::Request& request) {
    lastDelivered_.resize(request.overlap);
    if (!lastBytes_ || !patience_.exempt([&] { return lastBytes_(lastDelivered_); })) {
        throw Error(ErrorCode::Range, "cannot verify that the file on the server is unchanged");
    }
    request.isTelling = !areAllAlike(lastDelivered_);
    if (request.isTelling || !request.mustBeTelling) {
        return {.delivered = lastDelivered_, .end = offset_, .mustBeTelling = request.mustBeTelling};
    }
    if (!tail_.isKnown()) { // starts over, but not again for this reason
        mustSeeBytes_ = true;
        return {.delivered = lastDelivered_, .end = offset_, .mustBeTelling = true};
    }
    request.isTelling = true;
    request.overlap = TellingTail::most + tail_.run();
    request.offset = offset_ - request.overlap;
    return {.delivered = tail_.beforeRun(),
            .run = tail_.run(),
            .runByte = tail_.runByte(),
            .end = offset_,
            .mustBeTelling = true};
}

void ResumingSource::compare(Overlap overlap) {
    const auto known = source_->info().size;
    overlap.size = known ? known : decider_.size();
    requireSameBytes(overlap, [this](std::span<std::byte> into) {
        const auto arrived = patience_.during([&] { return source_->read(into); });
        decider_.compared(arrived);
        return arrived;
    });
}

void ResumingSource::learnSize() {
    if (!decider_.size()) {
        decider_.setSize(source_->info().size); // may become known late
        progress_.size(decider_.size());
    }
}

std::size_t ResumingSource::advance(std::size_t arrived) {
    offset_ += arrived;
    decider_.delivered(offset_);
    progress_.delivered(offset_);
    return arrived;
}

// Has the source delivered a part, so that the next one can be requested at once? Short parts, or bytes that
// would be discarded, are failures instead, since these are paced.
bool ResumingSource::isPart() const {
    return decider_.size().value_or(offset_) > offset_ && source_->info().resumable &&
           offset_ - openedAt_ >= Origins::longPart;
}

void ResumingSource::requireWhole() const {
    if (const auto& size = decider_.size(); size && *size != offset_) {
        const auto [sent, whole] = formatSizes(offset_, *size);
        throw Error(ErrorCode::Unreachable, fmt::format("the server sent only {} of {}", sent, whole));
    }
}

// A server reads a file while it sends it, so that the bytes of one answer may be of two versions: the first
// ones from before the file was overwritten in its place, the last ones from after that. Where nothing
// verifies the bytes, only the server can tell.
void ResumingSource::requireUnchanged() {
    const auto& known = decider_.known();
    if (std::exchange(isUnchanged_, true) || settings_.contentIsVerified || !settings_.retries ||
        known.validator.empty() || Patience::Clock::now() - answeredAt_ < settings_.unchangedFor ||
        !seesAnotherVersion()) {
        return;
    }
    source_.reset();
    if (std::exchange(hasChanged_, true)) {
        const Error failure(ErrorCode::Range, "the file on the server was changed again while it was sent: "
                                              "give each image a name of its own");
        const auto failing = decider_.deliveredBy();
        const auto decision = decider_.changedAgain(failure, offset_, Patience::Clock::now());
        throwIfOver(decision, failure);
        if (const auto time = waitOf(decision)) {
            wait(*time);
        }
        progress_.switching(failing, decider_.current(), failure);
    }
    throw StartOver("the file on the server was changed while it was sent");
}

// Servers behind one name may have different validators for the same file, and some have another one in each
// answer. So it is another version only if all looks see the same one.
bool ResumingSource::seesAnotherVersion() {
    constexpr unsigned looks = 6;
    using Left = std::chrono::microseconds;
    const auto left = std::chrono::duration_cast<Left>(patience_.endOfTransfer() - Patience::Clock::now());
    const auto longest = std::min(settings_.looksFor, left);
    // All bytes are here: neither a slow server nor activity prolongs this.
    Patience patience({.silence = settings_.looksFor, .read = {}, .transfer = longest}, settings_.cancelFd);
    const auto& known = decider_.known();
    const auto isSame = [this](const SourceInfo& one, const SourceInfo& other) {
        return one.validator == other.validator && one.size.value_or(offset_) == other.size.value_or(offset_);
    };
    std::optional<SourceInfo> first;
    for (unsigned i = 0; i < looks; ++i) {
        const auto now = lookAgain(patience);
        // A link that was valid once may lead to a page now, which does not come in parts as the file did.
        const bool showsNothing = !now || now->validator.empty() || now->location != known.location ||
                                  (known.ranges && !now->ranges);
        if (showsNothing || (now->validator == known.validator && now->size.value_or(offset_) == offset_) ||
            (first && !isSame(*now, *first))) {
            return false;
        }
        first = now;
    }
    return true;
}

// A failure shows nothing: all bytes are here, and the server may be gone.
std::optional<SourceInfo> ResumingSource::lookAgain(Patience& patience) {
    const auto& origin = origins_[decider_.deliveredBy()];
    try {
        return patience.during([&] {
            return origin.transport
                ->open({.url = origin.url.redacted(),
                        .validator = {},
                        .cancelFd = patience.cancelFd(),
                        .length = 1,
                        .rawUrl = origin.url.asWritten()})
                ->info();
        });
    } catch (const Error& failure) {
        const auto cause = patience.causeOf(failure, std::nullopt, offset_);
        if (cause.code() == ErrorCode::Cancelled) {
            throw cause;
        }
        return std::nullopt;
    }
}

void ResumingSource::recover(const Error& failure, bool wasOpen) {
    const auto failing = decider_.current();
    // The reader may answer only after it has used what it has, which may take long if it writes to a slow
    // pipe.
    if (canDiscard_ && !patience_.exempt(canDiscard_)) {
        decider_.forbidStartOver();
    }
    const auto decision = decider_.failed(failure, offset_, Patience::Clock::now());
    throwIfOver(decision, failure);
    // Another origin is no retry.
    if ((wasOpen || networkWasUp_) && decider_.current() == failing) {
        progress_.failedAttempt();
    }
    if (const auto time = waitOf(decision)) {
        wait(*time);
    }
    if (decider_.current() != failing) {
        progress_.switching(failing, decider_.current(), failure);
    }
}

// Origins handles the time limit of the whole transfer. After either limit, the error has the code of the
// failure that caused it.
void ResumingSource::throwIfOver(const Origins::Decision& decision, const Error& failure) const {
    if (const auto* end = std::get_if<Origins::GiveUp>(&decision)) {
        throw AllOriginsFailed(end->reason);
    }
    if (patience_.isReadOver()) {
        throw AllOriginsFailed(
            Error(decider_.requestedFailure().value_or(failure).code(),
                  fmt::format("gave up after {} without new data: {}", formatDuration(*settings_.idleTimeout),
                              decider_.reasons())));
    }
    if (!settings_.retries) {
        throw AllOriginsFailed(failure);
    }
}

void ResumingSource::wait(Origins::Wait time) {
    time = patience_.withinRead(time);
    progress_.waiting(time, decider_.reasons(), settings_.isNetworkUp());
    pause_.pause(time, [this] {
        decider_.networkChanged();
        return decider_.shortestRetryAfter(Patience::Clock::now());
    });
    decider_.waited(Patience::Clock::now());
}

SourceInfo ResumingSource::info() {
    auto info = source_ ? source_->info() : decider_.known();
    info.size = decider_.size() ? decider_.size() : info.size;
    info.spliceable = info.spliceable && !mustSeeBytes_;
    return info;
}

void ResumingSource::finish() {
    if (source_) {
        patience_.endRead();
        patience_.during([&] { source_->finish(); });
    }
}

void ResumingSource::reject(const Error& failure, bool atEnd) {
    patience_.beginRead(); // verifying has taken its time
    if (atEnd) {
        decider_.ended();
    }
    const auto loss = atEnd ? std::nullopt : lossAfterWrongBytes();
    source_.reset();
    recover(loss.value_or(failure), true);
}

std::optional<Error> ResumingSource::lossAfterWrongBytes() {
    std::vector<std::byte> discarded(std::size_t{64} << 10U);
    const auto size = decider_.size();
    std::uint64_t count = 0;
    try {
        while (source_ && count < mostDiscarded) {
            const auto arrived = patience_.during([&] { return source_->read(discarded); });
            count += arrived;
            if (arrived == 0 && size.value_or(offset_ + count) == offset_ + count) {
                return std::nullopt; // complete, and wrong
            }
            if (arrived == 0) {
                throw Error(ErrorCode::Unreachable, "the connection ended early");
            }
        }
        return std::nullopt;
    } catch (const Error& failure) {
        const auto cause = patience_.causeOf(failure, std::nullopt, offset_);
        return cause.code() == ErrorCode::Cancelled
                   ? cause
                   : Error(ErrorCode::Unreachable,
                           fmt::format("the server sent wrong bytes, and then: {}", cause.what()));
    }
}

void ResumingSource::startOver() {
    offset_ = 0;
    isUnchanged_ = false;
    tail_.forget();
    decider_.startedOver();
    progress_.startsAt(0, std::nullopt);
    if (source_) {
        accept({});
    }
}

void ResumingSource::continueFrom(const Continuation& earlier) {
    offset_ = earlier.offset;
    tail_.forget();
    decider_.continueFrom(earlier);
    progress_.startsAt(offset_, earlier.size);
}

void ResumingSource::continueAtOnce(const Continuation& earlier) {
    continueFrom(earlier);
    decider_.continueFrom(earlier, true);
}

void ResumingSource::keepAlive() {
    patience_.touch();
}

} // namespace bootferry
