// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides what to do after each failure of a transfer: try again after a wait, switch to another origin,
// start over at the first byte, or give up. An origin is a place with the same bytes: the requested URL, or a
// mirror. Pure: no clock, no I/O. ResumingSource carries out the decisions.
//
// Decisions depend on the code of the failure and on the state of the origins, never on the text. After a
// transient failure the next origin is tried at once; waits begin only when all origins have failed. An
// origin with a permanent failure is not tried again. When none is left, the reason reported contains those
// of all origins. Wrong bytes are a permanent failure, unless they may be a mixture of two versions, or the
// body may have been cut.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "retry_policy.h"
#include "transfer_request.h"

namespace bootferry {

// True if the received bytes are wrong, so that a retry must fetch them again.
[[nodiscard]] inline bool isWrongBytes(ErrorCode code) {
    return code == ErrorCode::Checksum || code == ErrorCode::NotLive || code == ErrorCode::Corrupt;
}

struct OriginRules {
    RetryPolicy policy;
    bool contentIsVerified = false; // by a checksum: mirrors need not share a validator
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::chrono::microseconds timeout{}; // from which the deadline was computed, for messages
};

class Origins {
public:
    static constexpr std::uint64_t comparedBytes = std::uint64_t{64} << 10U;

    using Time = std::chrono::steady_clock::time_point;
    using Wait = std::chrono::milliseconds;

    struct Retry {
        Wait wait; // call waited() afterwards; it selects the origin
    };
    struct Switch {
        // The origin to use now. If it is the current one, request() returns a different request.
        std::size_t index;
    };
    struct StartOver {
        Wait wait;       // if not 0, call waited() afterwards; it selects the origin
        std::string why; // why the bytes delivered so far cannot be continued; request() repeats it
    };
    struct GiveUp {
        Error reason;
    };
    using Decision = std::variant<Retry, Switch, StartOver, GiveUp>;

    // How to ask the current origin for the bytes at an offset.
    struct Request {
        std::uint64_t offset = 0;
        std::string validator; // empty: none
        // The number of bytes from `offset` up to the wanted offset. They have been delivered already and are
        // compared with the answer, because nothing else shows that it is of the same version, and that it
        // begins at the offset.
        std::uint64_t compares = 0;
        // The comparison must show the offset: bytes that are all alike do not.
        bool provesOffset = false;
        // Why the bytes delivered so far cannot be continued. They are discarded at once or, with asksFirst,
        // only after the origin was opened at the first byte, since they are still useful if that fails.
        std::optional<std::string> startsOver;
        bool asksFirst = false;
    };

    // names: the requested origin, then its mirrors; at least one. seed: for the jitter of the waits.
    Origins(const std::vector<std::string>& names, const OriginRules& rules, std::mt19937::result_type seed);

    [[nodiscard]] std::size_t current() const { return current_; }
    [[nodiscard]] Request request(std::uint64_t offset) const;

    // Call when the current origin has answered the request, before reading. Returns false if the answer does
    // not show its version or its offset; the next request() then requires a comparison. Throws Error(Range)
    // if the size shows another version; plugins compare the validator if the protocol has one.
    [[nodiscard]] bool answered(const Request& request, const SourceInfo& info);
    // Call when the current origin delivers bytes from the wanted offset.
    void opened(const Request& request, const SourceInfo& info);
    // Call when it has delivered bytes up to this offset. New bytes, or bytes of a resumed transfer, make
    // waits short again. Bytes that repeat those from before a start over do not, so that a server that
    // always stops early is not asked ever again after the same short wait.
    void delivered(std::uint64_t offset);
    // Have the bytes from this offset arrived in several attempts before? A first repetition counts as new:
    // the source may have changed.
    [[nodiscard]] bool repeats(std::uint64_t offset) const { return startOvers_ > 1 && offset <= highest_; }
    [[nodiscard]] Decision failed(const Error& failure, std::uint64_t offset, Time now);
    void waited(Time now); // the wait of a Retry is over
    void ended();          // the current origin has delivered its last byte
    void startedOver();    // the bytes delivered so far are discarded
    void keepBytes();      // they cannot be discarded any more, nor those that follow: nothing starts over
    void networkChanged(); // there is a new address or route
    void continues(const Continuation& earlier); // an earlier transfer from the requested origin

    // The size of the whole source, once an origin has reported it.
    [[nodiscard]] const std::optional<std::uint64_t>& size() const { return size_; }
    void learn(std::optional<std::uint64_t> size) { size_ = size; }
    // The properties reported by the origin that delivered the last bytes.
    [[nodiscard]] const SourceInfo& known() const { return origins_[deliveredBy_].known; }
    [[nodiscard]] const std::optional<Error>& lastFailure() const { return origins_[current_].failure; }

    [[nodiscard]] const std::optional<Error>& requestedFailure() const { return origins_.front().failure; }

    // Why the origins failed. If there are several origins, each reason contains the name of its origin.
    [[nodiscard]] std::string reasons() const;
    // The time until the first server accepts a retry, according to Retry-After.
    [[nodiscard]] Wait shortestRetryAfter(Time now) const;

private:
    struct SameByte {
        std::uint64_t offset = 0;
        unsigned times = 0;
        unsigned count(std::uint64_t at); // how often in a row, this time included
    };

    struct State {
        std::string name;
        SourceInfo known;                     // from the last successful open
        std::optional<Error> failure;         // the last one, until bytes arrive again
        Time notBefore;                       // the server asked clients to wait (Retry-After)
        SameByte ends;                        // of a body without a length that was wrong
        SameByte refusals;                    // another version, or no answer to an offset
        unsigned refusedOffsets = 0;          // consecutive unusable answers to a request with an offset
        std::optional<std::string> asksWhole; // why the next request must be for the whole source
        bool validatorVaries = false; // it differs for the same bytes: several servers share this name
        bool compares = false;        // its answers to an offset do not show the version
        // The validator of the bytes with which it has shown that it honours offsets, where no answer does.
        std::optional<std::string> honoursOffsets;
        bool opened = false;
        bool usable = true;           // false: it has failed for good
        bool failedThisRound = false; // since the last wait
    };

    [[nodiscard]] Decision deliveredWrongBytes(const Error& failure, Time now);
    [[nodiscard]] Decision failedForNow(const Error& failure, Time now);
    [[nodiscard]] Decision failedForGood(const Error& failure, Time now);
    [[nodiscard]] Decision failedToResume(const Error& failure, std::uint64_t offset, Time now);
    [[nodiscard]] bool mayIgnoreValidator(const State& origin) const;
    [[nodiscard]] static bool showsOffset(const State& origin, bool answerShowsIt,
                                          const std::string& validator);
    [[nodiscard]] Decision startOver(const Error& failure, Time now);
    [[nodiscard]] Decision giveUp(ErrorCode code) const;
    [[nodiscard]] Request requestTo(std::size_t index, std::uint64_t offset) const;
    void rejectThoseThatStartOver();
    [[nodiscard]] Decision refusedToResume(const Error& failure, std::uint64_t offset, Time now);
    [[nodiscard]] Decision switchOrRetry(Time now);
    [[nodiscard]] bool anyIsUsable() const;
    [[nodiscard]] bool mayMix() const;
    [[nodiscard]] bool staysAtOrigin(Time now) const;
    bool selectNext(Time now);
    [[nodiscard]] Wait nextWait(Time now, unsigned startOvers);
    [[nodiscard]] State& state() { return origins_[current_]; }
    [[nodiscard]] const State& state() const { return origins_[current_]; }

    std::vector<State> origins_;
    OriginRules rules_;
    std::mt19937 random_;
    std::uint64_t openedAt_ = 0; // the wanted offset of the current attempt
    std::uint64_t failedAt_ = 0; // the offset of the last failure
    std::size_t current_ = 0;
    std::size_t deliveredBy_ = 0; // index of the origin that delivered the last bytes
    std::optional<std::uint64_t> size_;
    bool opening_ = true;     // the current attempt has not been opened yet
    bool ended_ = false;      // it has delivered its last byte
    bool keepsBytes_ = false; // the bytes so far cannot be discarded
    bool mixed_ = false;      // no validator shows that the bytes so far are of one version
    bool mixtureWasWrong_ = false;
    std::uint64_t highest_ = 0; // the highest offset reached so far
    // Counted since the last new bytes, see delivered().
    unsigned waits_ = 0;
    unsigned violations_ = 0; // violations of the protocol
    unsigned startOvers_ = 0; // since highest_ grew
};

} // namespace bootferry
