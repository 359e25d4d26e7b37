// SPDX-License-Identifier: LGPL-2.1-or-later
// The sessions that fetch an image in pieces: a thread each, which takes a run of pieces, requests it from a
// server, writes it to the target and marks it. What fails is retried as in a transfer that is not on demand:
// Origins decides about each session's failures since its last byte.
//
// WHAT PROVES A VERSION. Pieces of two versions must never lie side by side, and there are no bytes before a
// piece to compare. So an answer must have the size and the validator of the first one; that is all if the
// validator is strong, the answer shows its offset, and it comes from the place that the first one came from.
// In any other case (a mirror, another redirect, FTP), 32 KiB of the head are requested from that place first
// and compared with those that are there; once for each place.
//
// WHEN ALL ORIGINS REFUSE. The file is gone, or is another version: that may be a mistake of somebody who
// copies files at that moment. So the origins are asked again every half minute. Only after
// Settings::certainAfter without any other answer are the missing pieces lost, and reads of them fail. They
// are requested all the same, and the first piece that arrives ends that.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fill_memory.h"
#include "image_fill.h"
#include "progress_reporter.h"
#include "rate_pace.h"
#include "resuming_source.h"

namespace bootferry {

class PieceSessions {
public:
    struct Settings {
        RetryPolicy policy;
        std::chrono::microseconds stallTimeout = defaultStallTimeout;
        std::chrono::milliseconds certainAfter{std::chrono::minutes(5)};
        int cancelFd = -1; // borrowed
        unsigned connections = 4;
        std::optional<std::uint64_t> limitRate; // bytes per second, of all sessions together
        std::function<bool()> isNetworkUp = &NetworkWatch::isConfigured;
        // The origin that the version was learned from, by this process, which needs no other proof.
        std::optional<std::size_t> provedOrigin;
        std::function<void(std::size_t origin)> opened; // another one than before answers; from any thread
    };

    // The number of sessions for a source, at most `connections`. Without ranges, each of two has its kind:
    // one fills, one is for reads.
    [[nodiscard]] static unsigned countFor(bool ranges, unsigned connections) {
        return std::clamp(connections, 1U, ranges ? 4U : 2U);
    }

    // origins: the requested one, then its mirrors; their transports are called from several threads. All
    // arguments but the settings must outlive the object.
    PieceSessions(std::vector<Origin> origins, FillVersion version, Settings settings, ImageFill& fill,
                  FillTarget& target, ProgressReporter& reporter);
    PieceSessions(const PieceSessions&) = delete;
    PieceSessions& operator=(const PieceSessions&) = delete;
    ~PieceSessions(); // ends them all

    void start(); // call once

private:
    class Session;

    [[nodiscard]] bool isFirstPlace(std::size_t origin) const;
    [[nodiscard]] bool needsProof(std::size_t origin); // wherever it redirects to
    [[nodiscard]] bool needsProof(std::size_t origin, const std::string& place);
    void proved(std::size_t origin, const std::string& place);
    void answeredBy(std::size_t origin);
    void arrived(std::uint64_t piece);
    [[nodiscard]] bool isNews(const std::string& text);
    [[nodiscard]] RatePace::Clock::time_point nextRead();
    void countRead(std::size_t bytes, RatePace::Clock::time_point begun);
    // A session has failed, and waits. refused: all origins have refused, for good as far as they know.
    void failing(const Error& why, std::chrono::milliseconds wait, bool refused);

    std::vector<Origin> origins_;
    std::vector<std::string> names_;
    FillVersion version_;
    Settings settings_;
    ImageFill& fill_;
    FillTarget& target_;
    ProgressReporter& reporter_;
    GiveUpSignal stop_;

    std::mutex paceMutex_; // guards when pace_ lets the next read begin
    RatePace pace_;

    std::mutex mutex_;                                        // guards the following
    std::vector<std::pair<std::size_t, std::string>> proved_; // origins and where they redirect to
    std::optional<std::size_t> answering_;
    std::optional<std::chrono::steady_clock::time_point> refusedSince_;
    bool isWaiting_ = false; // what is reported
    std::string lastLogged_;

    std::vector<std::thread> threads_;
};

} // namespace bootferry
