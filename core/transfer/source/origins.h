// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides what follows on each failure of a transfer: try again after a wait, switch to another origin, start
// over at the first byte, or give up. An origin is a place with the same bytes: the requested URL, or a
// mirror. Values in, a decision out: no clock, no I/O. ResumingSource obeys.
//
// The code of a failure and what has been seen of the origins decide, never the text. An origin that fails
// for now makes room for the next one at once; there is a wait only after all have failed. One that fails for
// good is not asked again, and when none is left the reasons of all of them are the reason of the end. Wrong
// bytes are such a failure, unless they may be a mixture of versions, or those of a body that was cut.
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

// Are the bytes that were received wrong, so that only other bytes can help?
[[nodiscard]] inline bool isWrongBytes(ErrorCode code) {
    return code == ErrorCode::Checksum || code == ErrorCode::NotLive || code == ErrorCode::Corrupt;
}

struct OriginRules {
    RetryPolicy policy;
    bool contentIsVerified = false; // by a checksum: mirrors need not share a validator
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::chrono::microseconds timeout{}; // that led to the deadline, for the text
};

class Origins {
public:
    static constexpr std::uint64_t comparedBytes = std::uint64_t{64} << 10U;

    using Time = std::chrono::steady_clock::time_point;
    using Wait = std::chrono::milliseconds;

    struct Retry {
        Wait wait; // then waited() selects the origin
    };
    struct Switch {
        std::size_t index; // the origin to ask now; the same one: in another way
    };
    struct StartOver {
        Wait wait;       // if not 0, then waited() selects the origin
        std::string why; // the bytes delivered so far cannot be continued; request() says so, too
    };
    struct GiveUp {
        Error reason;
    };
    using Decision = std::variant<Retry, Switch, StartOver, GiveUp>;

    // How to ask the current origin for the bytes at an offset.
    struct Request {
        std::uint64_t offset = 0;
        std::string validator; // empty: none
        // So many bytes, from `offset` up to the wanted one, are the last of those that were delivered, and
        // must still be the same: nothing else shows that they are of the same version.
        std::uint64_t compares = 0;
        // Why the bytes delivered so far cannot be continued. They are discarded at once or, with asksFirst,
        // once the origin was opened at the first byte: until then they may still be of use.
        std::optional<std::string> startsOver;
        bool asksFirst = false;
    };

    // names: of the requested origin and its mirrors, at least one. seed: of the jitter in the waits.
    Origins(const std::vector<std::string>& names, const OriginRules& rules, std::mt19937::result_type seed);

    [[nodiscard]] std::size_t current() const { return current_; }
    [[nodiscard]] Request request(std::uint64_t offset) const;

    // The current origin has answered the request, before anything was read. Returns false if the answer does
    // not show which version it is of: the next request() compares. Throws Error(Range) if it is of another
    // one: plugins compare the validator if their protocol can; comparing the sizes covers the others.
    [[nodiscard]] bool answered(const Request& request, const SourceInfo& info);
    // The current origin delivers from the wanted offset on.
    void opened(const Request& request, const SourceInfo& info);
    // It has delivered bytes up to this offset. Waits grow until bytes arrive that have not arrived before,
    // or that continue others: a server that breaks off and begins anew must not be asked without a pause.
    void delivered(std::uint64_t offset);
    [[nodiscard]] Decision failed(const Error& failure, std::uint64_t offset, Time now);
    void waited(Time now);                       // the wait of a Retry is over
    void ended();                                // the current origin has delivered its last byte
    void startedOver();                          // the bytes delivered so far are discarded
    void networkChanged();                       // an address or a route is new
    void continues(const Continuation& earlier); // an earlier transfer from the requested origin

    // Of the whole source, once any origin has told it.
    [[nodiscard]] const std::optional<std::uint64_t>& size() const { return size_; }
    void learn(std::optional<std::uint64_t> size) { size_ = size; }
    // What the origin told that delivered the last bytes.
    [[nodiscard]] const SourceInfo& known() const { return origins_[deliveredBy_].known; }
    [[nodiscard]] const std::optional<Error>& lastFailure() const { return origins_[current_].failure; }

    [[nodiscard]] const std::optional<Error>& requestedFailure() const { return origins_.front().failure; }

    // Why the origins failed. With several of them each reason has its origin's name, so that a mirror's
    // failure is not taken for that of the requested server.
    [[nodiscard]] std::string reasons() const;
    // The time until the first server accepts a retry, according to the servers' Retry-After.
    [[nodiscard]] Wait shortestRetryAfter(Time now) const;

private:
    struct State {
        std::string name;
        SourceInfo known;                     // from the last successful open
        std::optional<Error> failure;         // the last one, until bytes arrive again
        Time notBefore;                       // the server asked clients to wait (Retry-After)
        unsigned refusedOffsets = 0;          // answers to an offset that cannot be used, in a row
        std::optional<std::string> asksWhole; // why the next request must be for all of it
        bool validatorVaries = false;         // for the same bytes: several servers answer under this name
        bool compares = false;                // its answers to an offset do not show the version
        bool opened = false;
        bool usable = true;           // false: it has failed for good
        bool failedThisRound = false; // since the last byte or the last wait
    };

    [[nodiscard]] Decision deliveredWrongBytes(const Error& failure, Time now);
    [[nodiscard]] Decision failedForNow(const Error& failure, Time now);
    [[nodiscard]] Decision failedForGood(const Error& failure, Time now);
    [[nodiscard]] Decision failedToResume(const Error& failure, std::uint64_t offset, Time now);
    [[nodiscard]] bool mayIgnoreValidator(const State& origin) const;
    [[nodiscard]] Decision startOver(const std::string& why, Time now);
    [[nodiscard]] Decision refusedToResume(const Error& failure, std::uint64_t offset, Time now);
    [[nodiscard]] Decision switchOrRetry(Time now);
    [[nodiscard]] bool anyIsUsable() const;
    bool selectNext(Time now);
    [[nodiscard]] Wait nextWait(Time now);
    [[nodiscard]] State& state() { return origins_[current_]; }
    [[nodiscard]] const State& state() const { return origins_[current_]; }

    std::vector<State> origins_;
    OriginRules rules_;
    std::mt19937 random_;
    std::uint64_t openedAt_ = 0; // the wanted offset of the current attempt
    std::size_t current_ = 0;
    std::size_t deliveredBy_ = 0; // index of the origin that delivered the last bytes
    std::optional<std::uint64_t> size_;
    bool opening_ = true;       // the current attempt has not been opened yet
    bool ended_ = false;        // it has delivered its last byte
    bool mixed_ = false;        // no validator shows that the bytes so far are of one version
    bool mayMix_ = true;        // until such bytes were wrong
    std::uint64_t highest_ = 0; // the offset that was ever reached
    // Since a byte that counts, see delivered().
    unsigned failures_ = 0;
    unsigned violations_ = 0;     // of the protocol
    unsigned startOvers_ = 0;     // since highest_ grew
    std::uint64_t refusedAt_ = 0; // the offset where resuming was refused last
    unsigned refusals_ = 0;       // in a row at refusedAt_
};

} // namespace bootferry
