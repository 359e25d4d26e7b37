// SPDX-License-Identifier: LGPL-2.1-or-later
// A source without ranges (FTP, SFTP) is opened without an end by the session that fills, and read on if the
// next run adjoins, since opening it costs several round trips; all others are asked for exactly the run. If
// only one connection is allowed, that session fetches what is read as well.
#include "piece_sessions.h"

#include <algorithm>
#include <random>
#include <variant>

#include <spdlog/fmt/fmt.h>

#include "log.h"
#include "overlap_comparison.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::uint64_t comparedSize = std::uint64_t{32} << 10U;
constexpr std::uint64_t comparedStep = std::uint64_t{4} << 10U;
constexpr std::size_t mostPlaces = 16; // that are remembered as proved

} // namespace

// One thread.
class PieceSessions::Session {
public:
    Session(PieceSessions& all, SessionKind kind)
        : all_(all), kind_(kind),
          patience_({.silence = all.settings_.stallTimeout, .read = {}, .transfer = {}}, all.stop_.fd()),
          pause_([this](RetryPause::Wait longest) { return network_.wait(longest, all_.stop_.fd()); }),
          buffer_(PieceMap::pieceSize) {}

    void run() {
        while (const auto task = all_.fill_.take(kind_)) {
            std::optional<Error> failure;
            try {
                fetch(*task);
            } catch (const Error& error) {
                failure = error;
            } catch (const std::exception& error) {
                failure.emplace(ErrorCode::Internal, error.what());
            }
            all_.fill_.ended(*task);
            if (failure && (failure->code() == ErrorCode::Cancelled && all_.fill_.isStopped())) {
                return;
            }
            if (failure && !recover(*failure)) {
                return;
            }
        }
    }

private:
    using Clock = std::chrono::steady_clock;

    void fetch(const FillTask& task) {
        const auto bytes = all_.fill_.bytesOf(task.run);
        if (!source_ || position_ != bytes.offset) {
            source_.reset();
            open(bytes);
        }
        for (auto piece = task.run.first; piece < task.run.end(); ++piece) {
            fetch(piece);
            all_.fill_.pauseForReads(task, piece + 1);
        }
        if (!keepsStream()) {
            source_.reset();
        }
    }

    [[nodiscard]] bool keepsStream() const { return !all_.version_.ranges && kind_ != SessionKind::Reads; }

    void fetch(std::uint64_t piece) {
        const auto begun = Clock::now();
        const auto bytes = all_.fill_.bytesOf({.first = piece, .count = 1});
        const auto room = buffer_.bytes().first(static_cast<std::size_t>(bytes.length));
        readInto(room, bytes.offset);
        position_ = bytes.end();
        all_.fill_.delivered(bytes.length, Clock::now() - begun);
        write(piece);
        decider_.reset();
        all_.arrived(piece);
    }

    // A failure of this machine: another server does not help.
    void write(std::uint64_t piece) {
        try {
            all_.target_.write(piece, buffer_.bytes());
        } catch (const Error& error) {
            all_.fill_.failed(error);
            throw Error(ErrorCode::Cancelled, error.what());
        }
    }

    // Fills the room with the bytes from this offset on.
    void readInto(std::span<std::byte> room, std::uint64_t offset) {
        for (std::size_t filled = 0; filled < room.size();) {
            const auto count = readPaced(room.subspan(filled));
            if (count == 0) {
                throw Error(ErrorCode::Unreachable, fmt::format("the server sent nothing after byte {} of {}",
                                                                offset + filled, all_.version_.size));
            }
            filled += count;
        }
    }

    [[nodiscard]] std::size_t readPaced(std::span<std::byte> room) {
        patience_.sleepUntil(all_.nextRead());
        const auto begun = Clock::now();
        const auto portion = room.first(all_.pace_.portion(room.size()));
        const auto count = patience_.during([&] { return source_->read(portion); });
        all_.countRead(count, begun);
        return count;
    }

    void open(const Extent& bytes) {
        if (all_.needsProof(origin_)) {
            prove();
        }
        const auto begun = Clock::now();
        source_ = request(bytes);
        requireVersion();
        if (all_.needsProof(origin_, source_->info().location)) { // the next attempt may lead there again
            source_.reset();
            prove();
            throw Error(ErrorCode::Unreachable, "the server redirects to different places");
        }
        position_ = bytes.offset;
        all_.fill_.opened(Clock::now() - begun);
        all_.answeredBy(origin_);
    }

    [[nodiscard]] std::unique_ptr<ByteSource> request(const Extent& bytes) {
        const auto& origin = all_.origins_[origin_];
        networkWasUp_ = all_.settings_.isNetworkUp();
        return patience_.during([&] {
            return origin.transport->open(
                {.url = origin.url.redacted(),
                 .offset = bytes.offset,
                 .validator = all_.version_.validator,
                 .cancelFd = patience_.cancelFd(),
                 .length = keepsStream() ? std::nullopt : std::optional(bytes.length),
                 .rawUrl = origin.url.asWritten()});
        });
    }

    void requireVersion() {
        const auto info = source_->info();
        const auto& version = all_.version_;
        if (info.size != version.size) {
            throw Error(ErrorCode::Range,
                        fmt::format("the image on the server has changed: it has {} bytes, and had {}",
                                    info.size.value_or(0), version.size));
        }
        if (info.validator != version.validator) {
            throw Error(ErrorCode::Range, "the image on the server has changed: it is another version");
        }
    }

    // Bytes of the head that are there, not all alike and at an offset.
    void prove() {
        const auto there = tellingBytes();
        if (!there) {
            throw Error(ErrorCode::Range, "nothing shows that this server has the same version of the image");
        }
        source_ = request(*there);
        requireVersion();
        const auto place = source_->info().location;
        const auto known = all_.target_.head().subspan(static_cast<std::size_t>(there->offset),
                                                       static_cast<std::size_t>(there->length));
        requireSameBytes(
            {.delivered = known, .end = there->end(), .mustBeTelling = true, .size = all_.version_.size},
            [this](std::span<std::byte> into) {
                return patience_.during([&] { return source_->read(into); });
            });
        source_.reset();
        all_.proved(origin_, place);
    }

    [[nodiscard]] std::optional<Extent> tellingBytes() const {
        const auto end = std::min<std::uint64_t>(all_.version_.size, FillMemory::headSize);
        for (auto offset = comparedStep; offset + comparedSize <= end; offset += comparedStep) {
            const Extent bytes{.offset = offset, .length = comparedSize};
            if (all_.fill_.availability(bytes) == Availability::Present &&
                !areAllAlike(all_.target_.head().subspan(static_cast<std::size_t>(offset), comparedSize))) {
                return bytes;
            }
        }
        return std::nullopt;
    }

    // False: the session ends. Else it returns when its next task is due.
    [[nodiscard]] bool recover(const Error& failure) {
        const bool wasOpen = std::exchange(source_, nullptr) != nullptr;
        const auto cause = patience_.causeOf(failure, {}, 0);
        if (cause.code() == ErrorCode::Cancelled) {
            return false;
        }
        if (!decider_) {
            first_ = origin_;
            decider_.emplace(rotatedNames(), OriginRules{.policy = all_.settings_.policy}, random_());
        }
        if (wasOpen || networkWasUp_) {
            all_.reporter_.countAttempt();
        }
        const auto decision = decider_->failed(cause, 0, Clock::now());
        origin_ = (first_ + decider_->current()) % all_.origins_.size();
        if (const auto* retry = std::get_if<Origins::Retry>(&decision)) {
            return wait(retry->wait, cause, false);
        }
        if (const auto* again = std::get_if<Origins::StartOver>(&decision)) {
            return wait(again->wait, cause, false);
        }
        if (const auto* end = std::get_if<Origins::GiveUp>(&decision)) {
            const auto reason = end->reason;
            decider_.reset();
            origin_ = 0;
            return wait(all_.settings_.policy.longest, reason, true);
        }
        return true;
    }

    [[nodiscard]] std::vector<std::string> rotatedNames() const {
        auto names = all_.names_;
        std::rotate(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(first_), names.end());
        return names;
    }

    // False: cancelled.
    [[nodiscard]] bool wait(RetryPause::Wait time, const Error& why, bool refused) {
        all_.failing(why, time, refused);
        try {
            pause_.pause(time, [this] {
                if (!decider_) {
                    return RetryPause::Wait(0);
                }
                decider_->networkChanged();
                return decider_->shortestRetryAfter(Clock::now());
            });
        } catch (const Error&) {
            return false;
        }
        if (decider_) {
            decider_->waited(Clock::now());
            origin_ = (first_ + decider_->current()) % all_.origins_.size();
        }
        return true;
    }

    PieceSessions& all_;
    SessionKind kind_;
    Patience patience_;
    NetworkWatch network_;
    RetryPause pause_;
    AlignedBuffer buffer_;
    std::mt19937 random_{std::random_device{}()};
    std::size_t origin_ = 0;         // that is asked
    std::size_t first_ = 0;          // the first one of decider_
    std::optional<Origins> decider_; // since the last piece
    std::unique_ptr<ByteSource> source_;
    std::uint64_t position_ = 0; // of source_
    bool networkWasUp_ = false;
};

PieceSessions::PieceSessions(std::vector<Origin> origins, FillVersion version, Settings settings,
                             ImageFill& fill, FillTarget& target, ProgressReporter& reporter)
    : origins_(std::move(origins)), names_(namesOf(origins_)), version_(std::move(version)),
      settings_(std::move(settings)), fill_(fill), target_(target), reporter_(reporter),
      stop_(settings_.cancelFd, std::chrono::microseconds(0)), pace_(settings_.limitRate) {}

PieceSessions::~PieceSessions() {
    stop_.startClock(); // with zero patience: it expires at once
    fill_.stop();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void PieceSessions::start() {
    const auto start = [this](SessionKind kind) {
        threads_.emplace_back([this, kind] { Session(*this, kind).run(); });
    };
    const auto count = countFor(version_.ranges, settings_.connections);
    if (!version_.ranges && count > 1) {
        start(SessionKind::Fill);
        start(SessionKind::Reads);
        return;
    }
    for (auto left = count; left > 0; --left) {
        start(SessionKind::Any);
    }
}

bool PieceSessions::isFirstPlace(std::size_t origin) const {
    return origin == settings_.provedOrigin && version_.strongValidator && version_.showsOffset;
}

bool PieceSessions::needsProof(std::size_t origin) {
    const std::lock_guard lock(mutex_);
    return !isFirstPlace(origin) && std::none_of(proved_.begin(), proved_.end(),
                                                 [origin](const auto& each) { return each.first == origin; });
}

bool PieceSessions::needsProof(std::size_t origin, const std::string& place) {
    if (isFirstPlace(origin) && place == version_.location) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    return std::find(proved_.begin(), proved_.end(), std::pair(origin, place)) == proved_.end();
}

void PieceSessions::proved(std::size_t origin, const std::string& place) {
    const std::lock_guard lock(mutex_);
    if (proved_.size() == mostPlaces) {
        proved_.erase(proved_.begin());
    }
    proved_.emplace_back(origin, place);
}

RatePace::Clock::time_point PieceSessions::nextRead() {
    const std::lock_guard lock(paceMutex_);
    return pace_.next();
}

void PieceSessions::countRead(std::size_t bytes, RatePace::Clock::time_point begun) {
    const std::lock_guard lock(paceMutex_);
    pace_.count(bytes, begun);
}

void PieceSessions::answeredBy(std::size_t origin) {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(answering_, origin) == origin) {
            return;
        }
    }
    if (settings_.opened) {
        settings_.opened(origin);
    }
}

void PieceSessions::arrived(std::uint64_t piece) {
    fill_.arrived(piece);
    const std::lock_guard lock(mutex_); // reports never go back
    refusedSince_.reset();
    if (std::exchange(isWaiting_, false)) {
        logInfo("the image arrives again");
        lastLogged_.clear();
        reporter_.setState(TransferState::Transferring, "filling");
    }
    const auto present = fill_.presentBytes();
    reporter_.setBytes(present);
    reporter_.setWritten(present);
}

bool PieceSessions::isNews(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return std::exchange(lastLogged_, text) != text;
}

// While other sessions deliver, nothing waits; only what all of them lack is reported.
void PieceSessions::failing(const Error& why, std::chrono::milliseconds wait, bool refused) {
    const auto now = std::chrono::steady_clock::now();
    bool isCertain = false;
    {
        const std::lock_guard lock(mutex_);
        if (!refused) {
            refusedSince_.reset();
        } else if (!refusedSince_) {
            refusedSince_ = now;
        }
        isCertain = refusedSince_ && now - *refusedSince_ >= settings_.certainAfter;
        if (fill_.busySessions() > 0 && !isCertain) {
            return;
        }
        isWaiting_ = true;
    }
    const auto reads = fill_.waitingReads();
    auto text = settings_.isNetworkUp() ? fmt::format("retrying in {}: {}", formatDuration(wait), why.what())
                                        : fmt::format("waiting for the network ({})", why.what());
    if (isCertain) {
        text = fmt::format("what has not arrived cannot be read: {}", why.what());
    } else if (reads > 0) {
        text = fmt::format("the running system waits for its image: {}", text);
    }
    if (isNews(text)) { // and not once for each session
        logWarning(text);
    }
    reporter_.setState(TransferState::Waiting, text);
    if (isCertain) {
        fill_.lost();
    }
}

} // namespace bootferry
