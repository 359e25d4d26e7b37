// SPDX-License-Identifier: LGPL-2.1-or-later
// A source that resumes after failures; all retries happen here, as Origins decides. Each attempt begins at
// the byte where the last one stopped, on the same server or on a mirror, and the reader does not notice. It
// never mixes bytes of two versions of a resource: if resuming is not safe it throws StartOver, and the
// pipeline begins again at the first byte.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "network_watch.h"
#include "origins.h"
#include "overlap_comparison.h"
#include "patience.h"
#include "progress_reporter.h"
#include "rate_pace.h"
#include "restartable_source.h"
#include "retry_pause.h"
#include "retry_policy.h"
#include "source_progress.h"
#include "telling_tail.h"
#include "transfer_request.h"
#include "url.h"

namespace bootferry {

struct ResumeSettings {
    RetryPolicy policy;
    std::chrono::microseconds stallTimeout{std::chrono::seconds(30)};
    std::optional<std::chrono::microseconds> timeout;     // of the whole transfer
    std::optional<std::chrono::microseconds> idleTimeout; // of one read, all its retries included
    std::optional<std::uint64_t> limitRate;               // bytes per second
    bool contentIsVerified = false;                       // by a checksum: mirrors need not share a validator
    bool retries = true;                                  // false: the first failure is the result
    // After an answer that took this long, its version is asked for once more. An image that is overwritten
    // meanwhile takes some time as well; most small files (a list of checksums) cost one request.
    std::chrono::microseconds unchangedFor{std::chrono::seconds(2)};
    std::chrono::microseconds looksFor{std::chrono::seconds(5)}; // the longest that this takes
    int cancelFd = -1;                                           // borrowed
    std::function<bool()> isNetworkUp = &NetworkWatch::isConfigured;
};

struct Origin {
    Url url;
    Transport* transport = nullptr; // borrowed
};

// For messages; those that look alike are numbered.
[[nodiscard]] std::vector<std::string> namesOf(const std::vector<Origin>& origins);

class ResumingSource : public RestartableSource {
public:
    // At least one origin: the first is the requested one, the others are its mirrors.
    ResumingSource(std::vector<Origin> origins, const ResumeSettings& settings, ProgressReporter& reporter);

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish() override;

    void startOver() override;
    void reject(const Error& failure, bool atEnd) override;
    void continueFrom(const Continuation& earlier) override;
    void compareWith(LastBytes lastBytes) override { lastBytes_ = std::move(lastBytes); }
    void discardIf(std::function<bool()> canDiscard) override { canDiscard_ = std::move(canDiscard); }

    // As continueFrom(), of bytes that this server has just sent: no others are compared if it proves its
    // version.
    void continueAtOnce(const Continuation& earlier);

    // A plugin has reported activity (host->status). Callable from any thread.
    void keepAlive();

private:
    template <typename Call>
    std::size_t deliver(Call call); // repeats call(source) until it succeeds
    void open();                    // leaves source_ empty if the answer calls for another request
    void accept(const Origins::Request& request); // the source that was opened
    // The bytes before the offset, for the comparison. May prolong the overlap of the request.
    [[nodiscard]] Overlap overlapOf(Origins::Request& request);
    void compare(Overlap overlap);
    void learnSize();
    [[nodiscard]] std::size_t advance(std::size_t arrived); // returns it
    [[nodiscard]] bool isPart() const;
    void requireWhole() const; // at the end
    // At the end, too: throws StartOver if the file was overwritten while it was sent. Throws
    // AllOriginsFailed if that happens again, and no mirror is left.
    void requireUnchanged();
    [[nodiscard]] bool seesAnotherVersion();
    // What the server says of its version now; nullopt if it says nothing.
    [[nodiscard]] std::optional<SourceInfo> lookAgain(Patience& patience);
    // Whether the current attempt, whose bytes are wrong, fails or ends early soon after them, and how: an
    // error page in place of the rest is no verdict on the file.
    [[nodiscard]] std::optional<Error> lossAfterWrongBytes();
    // Returns when a retry is due, or throws. wasOpen: false if opening failed, which without a network does
    // not count as an attempt.
    void recover(const Error& failure, bool wasOpen);
    void throwIfOver(const Origins::Decision& decision, const Error& failure) const;
    void wait(Origins::Wait time);

    std::vector<Origin> origins_;
    ResumeSettings settings_;
    Patience patience_;
    NetworkWatch network_;
    RetryPause pause_;
    RatePace pace_;
    SourceProgress progress_;
    Origins decider_; // over origins_, with the same indices

    std::unique_ptr<ByteSource> source_; // the current attempt; after StartOver: opened at the first byte
    std::uint64_t offset_ = 0;
    std::uint64_t openedAt_ = 0;             // the offset of the current attempt
    bool networkWasUp_ = false;              // when the current attempt began
    Patience::Clock::time_point answeredAt_; // the current attempt
    bool isUnchanged_ = false;               // seen at the end
    bool hasChanged_ = false;                // while it was sent
    LastBytes lastBytes_;
    std::vector<std::byte> lastDelivered_; // those that are compared
    TellingTail tail_;
    bool mustSeeBytes_ = false; // for tail_: nothing is spliced
    std::function<bool()> canDiscard_;
};

} // namespace bootferry
