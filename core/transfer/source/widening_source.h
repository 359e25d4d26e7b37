// SPDX-License-Identifier: LGPL-2.1-or-later
// A transport that begins each attempt as the one behind it does, with one connection, and goes over to
// several where they bring more: a far server, or one that limits each connection. Whoever reads sees one
// source that begins at an offset and fails at a byte, so that whatever stands before it (resuming, mirrors)
// need not know.
//
// The first connection is read up to a boundary, behind which the others begin, and is let go only when their
// first bytes have come: a server that refuses them costs nothing. One that honours no ranges after all, or
// where more connections brought no more, is asked over one, and not tried again.
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
    // Of all segments' buffers together.
    std::size_t memory = std::size_t{6} << 20U;
    std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

class WideningTransport : public Transport {
public:
    // The transport behind it is borrowed, and used from several threads where its sources tell `ranges`.
    WideningTransport(Transport& single, WideningSettings settings);

    [[nodiscard]] std::unique_ptr<ByteSource> open(const OpenRequest& request) override;

private:
    friend class WideningSource;

    Transport& single_;
    WideningSettings settings_;
    bool givenUp_ = false; // more than one connection did not work, or brought nothing
};

// One attempt.
class WideningSource : public ByteSource {
public:
    // source: the connection that is open already; opening: how long that took.
    WideningSource(WideningTransport& transport, OpenRequest request, std::unique_ptr<ByteSource> source,
                   WideningLimits::Duration opening);

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish(Outcome outcome) override;

private:
    [[nodiscard]] bool mayWiden() const;
    [[nodiscard]] bool isPastBoundary() const { return ranges_ && position_ >= boundary_; }
    template <typename Call>
    std::size_t timed(Call call);
    void adjust(); // to what the policy wants
    void widen(unsigned connections);
    void narrow(const std::string& why);
    [[nodiscard]] std::size_t readRanges(std::span<std::byte> into);

    WideningTransport& transport_;
    OpenRequest request_;
    std::unique_ptr<ByteSource> source_; // the one connection; none while the ranges are read
    SourceInfo info_;                    // what it told when it was opened
    WideningLimits::Duration opening_;
    WideningPolicy policy_;
    std::uint64_t position_;
    unsigned connections_ = 1;
    std::uint64_t boundary_ = UINT64_MAX; // up to where source_ is read
    std::unique_ptr<ParallelRanges> ranges_;
};

} // namespace bootferry
