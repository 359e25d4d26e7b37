// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides what to do after each failure of a transfer. An origin is a place with the same bytes: the
// requested URL, or a mirror. Pure: no clock, no I/O. ResumingSource carries out the decisions.
//
// The first row that applies counts. Decisions depend on the code of a failure, never on its text.
//
//   failure               | state                                     | decision
//   ----------------------+-------------------------------------------+------------------------------------
//   Cancelled             |                                           | give up
//   wrong bytes           | size unknown, not yet 3 ends at this byte | start over after a wait
//                         | maybe mixed, for the first time           | start over, with one origin alone
//                         | another origin is left                    | reject this one, start over
//                         | no other origin is left                   | give up
//   any other             | the deadline has passed                   | give up; code: see below
//   an unusable answer to | it was asked for the whole source         | as any violation
//   an offset: Range, or  | Range; validators may be ignored          | ask it again, compare bytes
//   Protocol when opening | Protocol, once                            | as a transient failure
//                         | a pipe has the bytes; 2 tries             | as a transient failure
//                         | a pipe has the bytes                      | as a permanent failure
//                         | Range, for the 3rd time at this byte      | as a permanent failure
//                         | otherwise                                 | start over; a wait from the 2nd on
//   permanent; the 3rd    | another origin is left                    | reject this one, continue as below
//   violation or 8th short| no other origin is left                   | give up
//   answer in a row       |                                           |
//   transient             | a mixture was wrong; 3 tries              | retry this origin after a wait
//                         | an origin has not failed since the wait   | switch to it
//                         | all have failed since the wait            | retry after a wait
//
// The reason of a give up contains those of all origins. Its code is that of the last failure of the
// requested one: Timeout after the deadline means that nothing had failed when the time was over. Waits grow
// with every wait, until new bytes arrive. A short answer has fewer new bytes than those that it must repeat
// to be compared (continuation_proof.h): a server that has nothing else to offer would be asked for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "byte_source.h"
#include "continuation_proof.h"
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
    static constexpr std::uint64_t comparedBytes = mostCompared;
    // New bytes of a part after which the next one is requested at once.
    static constexpr std::uint64_t longPart = comparedBytes / 8;
    // After this number of unusable answers to an offset, the whole source is requested.
    static constexpr unsigned unusableAnswersAllowed = 2;
    // Most of them compare as little as possible: the first two still compare more.
    static constexpr unsigned shortAnswersAllowed = 8;

    // After this number of answers from another place, the next one is expected to come from yet another: the
    // path may have a token.
    static constexpr unsigned otherPlacesAllowed = 2;

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
        std::uint64_t overlap = 0;
        // The comparison must prove the version or the offset: bytes that are all alike do not.
        bool mustBeTelling = false;
        bool isTelling = false; // set by who has the bytes: they are not all alike
        // Why the bytes delivered so far cannot be continued. They are discarded at once or, with
        // restartsWhenOpened, only after the origin was opened at the first byte, since they are still useful
        // if that fails.
        std::optional<std::string> restartReason;
        bool restartsWhenOpened = false;
    };

    // names: the requested origin, then its mirrors; at least one. seed: for the jitter of the waits.
    Origins(const std::vector<std::string>& names, const OriginRules& rules, std::mt19937::result_type seed);

    [[nodiscard]] std::size_t current() const { return current_; }
    [[nodiscard]] Request request(std::uint64_t offset) const;

    // Call when the current origin has answered the request, before reading. Returns false if the answer
    // alone does not prove that its bytes continue the others (continuation_proof.h); the next request() then
    // requires a comparison. Throws Error(Range) if the size shows another version; plugins compare the
    // validator if the protocol has one.
    [[nodiscard]] bool answered(const Request& request, const SourceInfo& info);
    // Call when so many more bytes of the overlap have arrived.
    void compared(std::uint64_t count) { compared_ += count; }
    // Call when the current origin delivers bytes from the wanted offset.
    void opened(const Request& request, const SourceInfo& info);
    // Call when it has delivered bytes up to this offset. New bytes, or bytes of a resumed transfer, make
    // waits short again. Bytes that repeat those from before a start over do not, so that a server that
    // always stops early is asked ever more seldom.
    void delivered(std::uint64_t offset);
    // Have the bytes from this offset arrived in several attempts before? A first repetition counts as new:
    // the source may have changed.
    [[nodiscard]] bool repeats(std::uint64_t offset) const { return startOvers_ > 1 && offset <= highest_; }
    [[nodiscard]] Decision failed(const Error& failure, std::uint64_t offset, Time now);
    // The origin that delivered the last bytes has them of two versions, as it had before: it is rejected,
    // since it may be written to all the time. The bytes delivered so far are to be discarded.
    [[nodiscard]] Decision changedAgain(const Error& failure, std::uint64_t offset, Time now);
    void waited(Time now);                // the wait of a decision is over
    void ended();                         // the current origin has delivered its last byte
    void partEnded(std::uint64_t offset); // its part is over; the next request is for the bytes behind it
    void startedOver();                   // the bytes delivered so far are discarded
    void forbidStartOver();               // a pipe has the bytes delivered so far
    void networkChanged();                // there is a new address or route
    // The first bytes are those of an earlier transfer, which began at the requested origin. isTrusted: all
    // of them came from there just now, so that a strong validator proves that they continue.
    void continueFrom(const Continuation& earlier, bool isTrusted = false);

    // Have all the bytes been delivered, so that a connection that broke needs no other one?
    [[nodiscard]] bool isComplete(std::uint64_t offset) const { return size_ == offset && !maybeWrong_; }

    // The size of the whole source, once an origin has reported it.
    [[nodiscard]] const std::optional<std::uint64_t>& size() const { return size_; }
    void setSize(std::optional<std::uint64_t> size) { size_ = size; }
    // The origin that delivered the last bytes, and the properties that it reported.
    [[nodiscard]] std::size_t deliveredBy() const { return deliveredBy_; }
    [[nodiscard]] const SourceInfo& known() const { return origins_[deliveredBy_].known; }
    [[nodiscard]] const std::optional<Error>& lastFailure() const { return currentOrigin().failure; }
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
        SourceInfo known;             // from the last successful open
        std::optional<Error> failure; // the last one, until bytes arrive again
        Time notBefore;               // the server asked clients to wait (Retry-After)
        SameByte shortEnds;           // ends of wrong bytes whose size is not known
        SameByte changes;             // answers that show another version
        unsigned unusableAnswers = 0; // to a request with an offset, in a row
        unsigned shortAnswers = 0;    // short answers in a row: see the table
        std::uint64_t comparesAtMost = comparedBytes;
        std::optional<std::string> restartReason; // why the next request must be for the whole source
        // The validator of the bytes with which it has proved that it honours offsets, if no answer shows it.
        std::optional<std::string> offsetProvedFor;
        bool isElsewhere = false;     // its answer comes from another redirect than its last bytes
        unsigned otherPlaces = 0;     // answers from another redirect that were continued
        bool validatorVaries = false; // for the same bytes: several servers share this name
        bool omitsValidator = false;  // its answers to an offset have none
        bool wasOpened = false;
        bool usable = true;           // false: it is rejected
        bool failedThisRound = false; // since the last wait
    };

    // The rows of the table.
    [[nodiscard]] Decision afterWrongBytes(const Error& failure, Time now);
    [[nodiscard]] Decision afterUnusableAnswer(const Error& failure, Time now);
    [[nodiscard]] Decision afterPermanent(const Error& failure, Time now);
    [[nodiscard]] Decision afterTransient(const Error& failure, Time now);
    [[nodiscard]] Decision giveUp(ErrorCode code) const;

    void countAnswer(std::uint64_t fresh, bool wasSilent);
    [[nodiscard]] bool endsAtTheSameByte(std::uint64_t fresh);
    [[nodiscard]] bool isLastViolation() { return ++violations_ >= tries(); }
    [[nodiscard]] unsigned tries() const { return rules_.policy.protocolFailuresAllowed; }
    [[nodiscard]] Decision switchOrRetry(Time now);
    bool selectNext(Time now);
    [[nodiscard]] bool staysAtOrigin(Time now) const;
    void rejectThoseThatRestart();
    [[nodiscard]] bool anyIsUsable() const;
    [[nodiscard]] Wait nextWait(Time now, unsigned startOvers);

    // Of requests.
    [[nodiscard]] Request requestTo(std::size_t index, std::uint64_t offset) const;
    [[nodiscard]] Request requestToContinue(std::size_t index, std::uint64_t offset) const;
    [[nodiscard]] Request comparing(const State& origin, std::uint64_t offset, const std::string& validator,
                                    Proof proof) const;
    [[nodiscard]] Request requestToMirror(const State& origin, std::uint64_t offset) const;
    [[nodiscard]] bool allowsMixture() const;
    [[nodiscard]] bool mayIgnoreValidator() const;
    [[nodiscard]] State& currentOrigin() { return origins_[current_]; }
    [[nodiscard]] const State& currentOrigin() const { return origins_[current_]; }

    std::vector<State> origins_;
    OriginRules rules_;
    std::mt19937 random_;
    std::size_t current_ = 0;
    std::size_t deliveredBy_ = 0; // index of the origin that delivered the last bytes
    std::optional<std::uint64_t> size_;
    // Of the current attempt.
    std::uint64_t openedAt_ = 0; // the wanted offset
    std::uint64_t failedAt_ = 0; // the offset of the last failure
    std::uint64_t overlap_ = 0;  // the bytes to compare, once it has answered
    std::uint64_t compared_ = 0; // those that have arrived
    bool opening_ = true;        // it has not been opened yet
    bool ended_ = false;         // it has delivered its last byte
    // Of the bytes delivered so far.
    bool mayStartOver_ = true;
    bool maybeMixed_ = false;      // they may be of several versions or origins
    bool maybeWrong_ = false;      // the last ones came before a violation or an early end
    bool mixtureWasWrong_ = false; // since then, one origin delivers them alone
    // Of the progress.
    std::uint64_t highest_ = 0; // the highest offset reached so far
    unsigned startOvers_ = 0;   // since highest_ grew
    unsigned waits_ = 0;        // since new bytes, see delivered()
    unsigned violations_ = 0;   // of the protocol, since then
};

} // namespace bootferry
