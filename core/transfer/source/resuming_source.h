// SPDX-License-Identifier: LGPL-2.1-or-later
// The one place where anything is tried again. Seen from below it opens attempts at the byte where the last
// one stopped, on the same server or a mirror; seen from above it is a source that never breaks off. Bytes of
// two versions of a source are never put together: where resuming is not safe it throws StartOver, and the
// pipeline begins at the first byte again.
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
#include "retry_policy.h"
#include "url.h"

namespace bootferry {

// What was delivered so far does not count any more; call ResumingSource::startOver() and read from the
// beginning.
class StartOver : public Error {
public:
    explicit StartOver(const std::string& why) : Error(ErrorCode::Range, why) {}
};

struct ResumeSettings {
    RetryPolicy policy;
    std::chrono::microseconds stallTimeout{std::chrono::seconds(30)};
    std::optional<std::chrono::microseconds> timeout; // give up altogether after this long
    bool contentIsVerified = false; // a checksum is checked: mirrors need not share a validator
    int cancelFd = -1;              // borrowed
};

struct Origin {
    Url url;
    Transport* transport = nullptr; // borrowed
};

class ResumingSource : public ByteSource {
public:
    // At least one origin; the first is the one that was asked for, the others are its mirrors.
    ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings, ProgressReporter& reporter);

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish(Outcome outcome) override;

    void startOver();

    // A plugin reported that it is alive (host->status); safe to call from a plugin's thread.
    void keepAlive();

private:
    struct OriginState {
        Origin origin;
        SourceInfo known;                         // from its last successful open
        std::optional<Error> failure;             // its last one, until bytes come again
        GiveUpSignal::Clock::time_point askAgain; // it asked not to be tried before
        bool opened = false;
        bool usable = true;           // false: it failed for good
        bool failedThisRound = false; // since the last byte or the last wait
    };

    template <typename Call>
    std::size_t deliver(Call call); // call(source) until it brings something
    void open();
    void checkSameSource(const SourceInfo& now);
    [[nodiscard]] std::string validatorFor(const OriginState& state) const;
    void recover(const Error& failure); // returns when another try may be made, else throws
    void startOverOrLeave(const Error& failure);
    void leaveOrigin(const Error& failure);
    void forgetFailures();
    bool moveOn();
    [[nodiscard]] std::chrono::milliseconds shortestWish() const;
    void waitBeforeRetry();
    void pause(std::chrono::milliseconds wait);
    [[nodiscard]] std::string reasons() const;
    [[nodiscard]] Error explained(const Error& failure) const; // a cancel or an expired clock behind it named
    [[nodiscard]] OriginState& current() { return origins_[currentIndex_]; }

    std::vector<OriginState> origins_;
    std::size_t currentIndex_ = 0;
    ResumeSettings settings_;
    ProgressReporter& reporter_;
    GiveUpSignal giveUp_;
    NetworkWatch network_;
    std::mt19937 random_{std::random_device{}()};
    GiveUpSignal::Clock::time_point deadline_;

    std::unique_ptr<ByteSource> source_;
    std::uint64_t offset_ = 0;
    std::optional<std::uint64_t> size_; // once any origin told
    std::size_t lastOpened_ = 0;        // the origin the delivered bytes came from
    unsigned failuresInARow_ = 0;
    unsigned protocolFailures_ = 0;
    std::uint64_t refusedAt_ = 0; // where going on was refused last, and how often just there
    unsigned refusals_ = 0;
    bool failed_ = false; // since the last byte
};

} // namespace bootferry
