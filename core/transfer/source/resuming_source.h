// SPDX-License-Identifier: LGPL-2.1-or-later
// A source that resumes after failures; all retries happen here. Each attempt begins at the byte where the
// last one stopped, on the same server or on a mirror, and the reader does not notice. It never mixes bytes
// of two versions of a resource: if resuming is not safe it throws StartOver, and the pipeline begins again
// at the first byte.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "give_up_signal.h"
#include "network_watch.h"
#include "progress_reporter.h"
#include "rate_pace.h"
#include "retry_policy.h"
#include "transfer_request.h"
#include "url.h"

namespace bootferry {

// Discard the bytes delivered so far, call ResumingSource::startOver() and read from the beginning.
class StartOver : public Error {
public:
    explicit StartOver(const std::string& why) : Error(ErrorCode::Range, why) {}
};

struct ResumeSettings {
    RetryPolicy policy;
    std::chrono::microseconds stallTimeout{std::chrono::seconds(30)};
    std::optional<std::chrono::microseconds> timeout;     // of the whole transfer
    std::optional<std::chrono::microseconds> idleTimeout; // of one read, all its retries included
    std::optional<std::uint64_t> limitRate;               // bytes per second
    bool contentIsVerified = false;                       // by a checksum: mirrors need not share a validator
    bool retries = true;                                  // false: the first failure is the result
    int cancelFd = -1;                                    // borrowed
};

struct Origin {
    Url url;
    Transport* transport = nullptr; // borrowed
};

class ResumingSource : public ByteSource {
public:
    // At least one origin: the first is the requested one, the others are its mirrors.
    ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings, ProgressReporter& reporter);

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish(Outcome outcome) override;

    void startOver();

    // Call before reading: begins at this offset instead of the first byte. The version is requested again;
    // if it differs, read() throws StartOver.
    void continueFrom(const Continuation& earlier);

    // A plugin has reported activity (host->status). Callable from any thread.
    void keepAlive();

private:
    struct OriginState {
        Origin origin;
        SourceInfo known;                          // from the last successful open
        std::optional<Error> failure;              // the last one, until bytes arrive again
        GiveUpSignal::Clock::time_point notBefore; // the server asked clients to wait (Retry-After)
        bool opened = false;
        bool usable = true;           // false: it has failed permanently
        bool failedThisRound = false; // since the last byte or the last wait
    };

    template <typename Call>
    std::size_t deliver(Call call); // repeats call(source) until it succeeds
    void awaitTurn();               // of the rate limit
    void open();
    void checkSameSource(const SourceInfo& now);
    [[nodiscard]] std::string validatorFor(const OriginState& state) const;
    void giveUpIfTooLate();
    void recover(const Error& failure); // returns when a retry is due, or throws
    void startOverOrGiveUp(const Error& failure);
    void giveUpOrigin(const Error& failure);
    void forgetFailures();
    bool selectNextOrigin();
    [[nodiscard]] std::chrono::milliseconds shortestRetryAfter() const;
    void waitBeforeRetry();
    void pause(std::chrono::milliseconds wait);
    [[nodiscard]] std::string reasons() const;
    [[nodiscard]] Error explained(const Error& failure) const; // names a cancel or a timeout that caused it
    [[nodiscard]] OriginState& current() { return origins_[currentIndex_]; }

    std::vector<OriginState> origins_;
    std::size_t currentIndex_ = 0;
    ResumeSettings settings_;
    ProgressReporter& reporter_;
    GiveUpSignal giveUp_;
    NetworkWatch network_;
    std::mt19937 random_{std::random_device{}()};
    RatePace pace_;
    GiveUpSignal::Clock::time_point timeLimit_; // of the whole transfer
    GiveUpSignal::Clock::time_point
        deadline_; // of the current read: timeLimit_, or the idle timeout if earlier

    std::unique_ptr<ByteSource> source_;
    std::uint64_t offset_ = 0;
    std::optional<std::uint64_t> size_; // once known from any origin
    std::size_t lastOpened_ = 0;        // index of the origin that delivered the last bytes
    unsigned failuresInARow_ = 0;
    unsigned protocolFailures_ = 0;
    std::uint64_t refusedAt_ = 0; // the offset where resuming was refused last
    unsigned refusals_ = 0;       // in a row at refusedAt_
    bool failed_ = false;         // since the last byte
};

} // namespace bootferry
