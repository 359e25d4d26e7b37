// SPDX-License-Identifier: LGPL-2.1-or-later
// deliver() is the main loop: it opens a source if there is none, reads, and after a failure does what
// Origins decides.
#include "resuming_source.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <variant>

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

// The authority, or the URL where several are on one server; without the query, which may contain a secret.
std::vector<std::string> namesOf(const std::vector<Origin>& origins) {
    std::vector<std::string> names;
    names.reserve(origins.size());
    for (const auto& origin : origins) {
        const auto authority = origin.url.authority();
        const auto sharers = std::count_if(origins.begin(), origins.end(), [&](const Origin& other) {
            return other.url.authority() == authority;
        });
        const auto url = origin.url.redacted();
        names.push_back(sharers > 1 ? url.substr(0, url.find('?')) : authority);
    }
    return names;
}

OriginRules rulesOf(const ResumeSettings& settings, Origins::Time deadline) {
    return {.policy = settings.policy,
            .contentIsVerified = settings.contentIsVerified,
            .deadline = deadline,
            .timeout = settings.timeout.value_or(std::chrono::microseconds(0))};
}

} // namespace

ResumingSource::ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings,
                               ProgressReporter& reporter)
    : origins_(std::move(origins)), names_(namesOf(origins_)), settings_(settings), reporter_(reporter),
      giveUp_(settings.cancelFd, settings.stallTimeout), pace_(settings.limitRate),
      timeLimit_(settings.timeout ? GiveUpSignal::Clock::now() + *settings.timeout
                                  : GiveUpSignal::Clock::time_point::max()),
      deadline_(timeLimit_), decider_(names_, rulesOf(settings, timeLimit_), std::random_device{}()) {}

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
    if (!decider_.repeats(offset_)) {
        deadline_ = deadlineFrom(begun);
    }
    for (;;) {
        try {
            if (!source_) {
                if (decider_.size() == offset_) {
                    return 0; // the connection broke after the last byte
                }
                open();
            }
            if (!source_) {
                continue;
            }
            giveUp_.startClock(deadline_);
            const auto count = call(*source_);
            giveUp_.stopClock();
            if (!decider_.size()) {
                decider_.setSize(source_->info().size); // may become known late
                reporter_.setTotal(decider_.size().value_or(unknownSize));
            }
            if (count == 0 && isPart()) {
                decider_.partEnded();
                source_.reset();
                continue;
            }
            if (count == 0 && decider_.size().value_or(offset_) != offset_) {
                throw Error(ErrorCode::Unreachable,
                            fmt::format("the server sent only {} of {} bytes", offset_, *decider_.size()));
            }
            if (count > 0) {
                pace_.count(count, begun);
                offset_ += count;
                decider_.delivered(offset_);
                reporter_.setBytes(offset_);
            }
            return count;
        } catch (const StartOver&) {
            throw;
        } catch (const Error& failure) {
            const auto reason = explained(failure); // before stopClock() resets an expired clock
            giveUp_.stopClock();
            const bool wasOpen = std::exchange(source_, nullptr) != nullptr;
            recover(reason, wasOpen);
        }
    }
}

// Has the source delivered a part, so that the next one can be requested at once? Short parts, or bytes that
// would be discarded, are failures instead, since these are paced.
bool ResumingSource::isPart() const {
    return decider_.size().value_or(offset_) > offset_ && source_->info().resumable &&
           offset_ - openedAt_ >= Origins::comparedBytes;
}

GiveUpSignal::Clock::time_point ResumingSource::deadlineFrom(GiveUpSignal::Clock::time_point now) const {
    return settings_.idleTimeout ? std::min(timeLimit_, now + *settings_.idleTimeout) : timeLimit_;
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
    const auto request = decider_.request(offset_);
    if (request.restartReason && !request.restartsWhenOpened) {
        throw StartOver(*request.restartReason);
    }
    const auto& [url, transport] = origins_[decider_.current()];
    if (reporter_.progress().state != TransferState::Transferring) { // not for the next part
        reporter_.setState(TransferState::Connecting, fmt::format("connecting to {}", url.authority()));
    }
    networkWasUp_ = settings_.isNetworkUp();
    giveUp_.startClock(deadline_);
    source_ = transport->open({.url = url.redacted(),
                               .offset = request.offset,
                               .validator = request.validator,
                               .cancelFd = giveUp_.fd(),
                               .rawUrl = url.asWritten()});
    giveUp_.stopClock();
    if (request.restartReason) {
        throw StartOver(*request.restartReason); // startOver() uses this source
    }
    if (!decider_.answered(request, source_->info())) {
        source_.reset();
        return;
    }
    if (request.overlap > 0) {
        compare(request);
    }
    accept(request);
}

void ResumingSource::accept(const Origins::Request& request) {
    decider_.opened(request, source_->info());
    openedAt_ = offset_;
    reporter_.setTotal(decider_.size().value_or(unknownSize));
    if (reporter_.progress().state != TransferState::Transferring) {
        reporter_.setState(TransferState::Transferring);
    }
}

// Reads the last bytes again and compares them, because no validator shows whether the version is the same,
// or the answer does not show its offset.
void ResumingSource::compare(const Origins::Request& request) {
    const auto count = request.overlap;
    std::vector<std::byte> before(count);
    if (!lastBytes_ || !askReader([&] { return lastBytes_(before); })) {
        throw Error(ErrorCode::Range, "cannot verify that the file on the server is unchanged");
    }
    std::vector<std::byte> now(count);
    for (std::span rest(now); !rest.empty();) {
        giveUp_.startClock(deadline_);
        const auto arrived = source_->read(rest);
        giveUp_.stopClock();
        if (arrived == 0) {
            throw Error(ErrorCode::Range, "the source changed: it is shorter now");
        }
        rest = rest.subspan(arrived);
    }
    if (now != before) {
        throw Error(ErrorCode::Range,
                    fmt::format("the source changed: the {} before byte {} are different now{}",
                                formatSize(count), offset_,
                                request.mustBeTelling ? ", or the server ignores the offset" : ""));
    }
    if (request.mustBeTelling &&
        std::all_of(now.begin(), now.end(), [&now](auto byte) { return byte == now[0]; })) {
        throw Error(ErrorCode::Range, fmt::format("the {} before byte {} are all alike, so that comparing "
                                                  "them proves nothing",
                                                  formatSize(count), offset_));
    }
}

Error ResumingSource::explained(const Error& failure) const {
    if (giveUp_.cancelled()) {
        return Error(ErrorCode::Cancelled, "cancelled");
    }
    if (failure.code() != ErrorCode::Cancelled) {
        return failure;
    }
    if (GiveUpSignal::Clock::now() >= deadline_) {
        if (const auto& before = decider_.lastFailure()) {
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

// The reader may answer only after it has used what it has, which may take long if it writes to a slow pipe.
// That time is not the server's.
bool ResumingSource::askReader(const std::function<bool()>& question) {
    const auto begun = GiveUpSignal::Clock::now();
    const bool answer = question();
    if (deadline_ != GiveUpSignal::Clock::time_point::max()) {
        deadline_ = std::min(timeLimit_, deadline_ + (GiveUpSignal::Clock::now() - begun));
    }
    return answer;
}

// Origins handles the time limit of the whole transfer. After either limit, the error has the code of the
// failure that caused it.
void ResumingSource::recover(const Error& failure, bool wasOpen) {
    const auto failing = decider_.current();
    if (canDiscard_ && !askReader(canDiscard_)) {
        decider_.forbidStartOver();
    }
    const auto decision = decider_.failed(failure, offset_, GiveUpSignal::Clock::now());
    if (const auto* end = std::get_if<Origins::GiveUp>(&decision)) {
        throw AllOriginsFailed(end->reason);
    }
    if (settings_.idleTimeout && GiveUpSignal::Clock::now() >= deadline_) {
        throw AllOriginsFailed(
            Error(decider_.requestedFailure().value_or(failure).code(),
                  fmt::format("gave up after {} without new data: {}", formatDuration(*settings_.idleTimeout),
                              decider_.reasons())));
    }
    if (!settings_.retries) {
        throw AllOriginsFailed(failure);
    }
    // Another origin is no retry.
    if ((wasOpen || networkWasUp_) && decider_.current() == failing) {
        reporter_.countAttempt();
    }
    if (const auto* retry = std::get_if<Origins::Retry>(&decision)) {
        wait(retry->wait);
    }
    if (const auto* again = std::get_if<Origins::StartOver>(&decision);
        again != nullptr && again->wait.count() > 0) {
        wait(again->wait);
    } else if (decider_.current() != failing) {
        reporter_.setState(TransferState::Waiting, fmt::format("switching from {} to {}: {}", names_[failing],
                                                               names_[decider_.current()], failure.what()));
    }
}

void ResumingSource::wait(Origins::Wait time) {
    const auto reasons = decider_.reasons();
    if (deadline_ != GiveUpSignal::Clock::time_point::max()) {
        const auto left = std::chrono::ceil<Origins::Wait>(deadline_ - GiveUpSignal::Clock::now());
        time = std::clamp(left, Origins::Wait(0), time);
    }
    reporter_.setState(TransferState::Waiting,
                       settings_.isNetworkUp()
                           ? fmt::format("retrying in {}: {}", formatDuration(time), reasons)
                           : fmt::format("waiting for the network ({})", reasons));
    pause(time);
    decider_.waited(GiveUpSignal::Clock::now());
}

// A new address or route ends the wait, unless a server asked for it (Retry-After).
void ResumingSource::pause(Origins::Wait time) {
    const auto until = GiveUpSignal::Clock::now() + time;
    auto woken = NetworkWatch::Woken::NetworkChanged;
    while (woken == NetworkWatch::Woken::NetworkChanged) {
        const auto now = GiveUpSignal::Clock::now();
        const auto left = std::max(std::chrono::ceil<Origins::Wait>(until - now), Origins::Wait(0));
        woken = network_.wait(left, settings_.cancelFd);
        if (woken == NetworkWatch::Woken::NetworkChanged) {
            decider_.networkChanged();
            if (decider_.shortestRetryAfter(GiveUpSignal::Clock::now()) == Origins::Wait(0)) {
                woken = network_.wait(std::min(networkSettleTime, time), settings_.cancelFd);
                break;
            }
        }
    }
    if (woken == NetworkWatch::Woken::Cancelled) {
        throw Error(ErrorCode::Cancelled, "cancelled");
    }
}

SourceInfo ResumingSource::info() {
    auto info = source_ ? source_->info() : decider_.known();
    info.size = decider_.size() ? decider_.size() : info.size;
    return info;
}

void ResumingSource::finish(Outcome outcome) {
    if (source_) {
        giveUp_.startClock(timeLimit_);
        source_->finish(outcome);
        giveUp_.stopClock();
    }
}

void ResumingSource::reject(const Error& failure, bool atEnd) {
    source_.reset();
    deadline_ = deadlineFrom(GiveUpSignal::Clock::now()); // verifying has taken its time
    if (atEnd) {
        decider_.ended();
    }
    recover(failure, true);
}

void ResumingSource::startOver() {
    offset_ = 0;
    decider_.startedOver();
    reporter_.setBytes(0);
    reporter_.setTotal(unknownSize);
    if (source_) {
        accept({});
    }
}

void ResumingSource::continueFrom(const Continuation& earlier) {
    offset_ = earlier.offset;
    decider_.continueFrom(earlier);
    reporter_.setBytes(offset_);
    reporter_.setTotal(earlier.size.value_or(unknownSize));
}

void ResumingSource::keepAlive() {
    giveUp_.touch();
}

} // namespace bootferry
