// SPDX-License-Identifier: LGPL-2.1-or-later
// A decorator of a transport: each attempt begins with one connection and switches to several if they are
// faster, e.g. with a distant server, or one that limits the rate of each connection. To the reader it is a
// single source that begins at an offset and fails at a byte, so that resuming and mirrors work unchanged.
//
// The first connection is read up to a boundary, where the others begin, and is closed only when their first
// bytes have arrived: if the server refuses them, nothing is lost. If the server does not support ranges
// after all, or more connections are not faster, or a lost one of several has delivered wrong bytes, so that
// the transfer starts over, it stays with one connection and does not try again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "byte_source.h"
#include "parallel_ranges.h"
#include "widening_policy.h"

namespace bootferry {

struct WideningSettings {
    WideningLimits limits;
    // Bytes, for all segment buffers together.
    std::size_t memory = std::size_t{6} << 20U;
    std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

class WideningTransport : public Transport {
public:
    // `single` opens one connection. It is borrowed, and used from several threads if its sources have
    // `ranges`.
    WideningTransport(Transport& single, WideningSettings settings);

    [[nodiscard]] std::unique_ptr<ByteSource> open(const OpenRequest& request) override;

private:
    friend class WideningSource;

    Transport& single_;
    WideningSettings settings_;
    bool givenUp_ = false;    // several connections did not work, or were not faster
    bool maybeWrong_ = false; // the last bytes of one of several were, when it was lost
};

// One attempt.
class WideningSource : public ByteSource {
public:
    // source: the first connection, already open; opening: how long opening it took.
    WideningSource(WideningTransport& transport, OpenRequest request, std::unique_ptr<ByteSource> source,
                   WideningLimits::Duration opening);

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish() override;

private:
    [[nodiscard]] bool mayWiden() const;
    [[nodiscard]] bool isPastBoundary() const { return ranges_ && position_ >= boundary_; }
    template <typename Call>
    std::size_t measured(Call call); // reports the duration of the call to the policy
    void applyPolicy();              // sets the number of connections
    void widen(unsigned connections);
    void narrow(const std::string& why);
    [[nodiscard]] std::size_t readRanges(std::span<std::byte> into);

    WideningTransport& transport_;
    OpenRequest request_;
    std::unique_ptr<ByteSource> source_; // the single connection; null while the ranges are read
    SourceInfo info_;                    // of source_ when it was opened
    WideningLimits::Duration opening_;
    WideningPolicy policy_;
    std::uint64_t position_;
    unsigned connections_ = 1;
    std::uint64_t boundary_ = UINT64_MAX; // source_ is read up to here
    std::unique_ptr<ParallelRanges> ranges_;
};

} // namespace bootferry
