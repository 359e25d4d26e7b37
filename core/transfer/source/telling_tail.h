// SPDX-License-Identifier: LGPL-2.1-or-later
// The last bytes that were delivered, back to those that are not all alike. In a sparse file they may be far
// before an offset, and a server that shows neither its version nor its offset must repeat them
// (continuation_proof.h). Between them and the offset is a run of one byte, of which only the length is kept.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "continuation_proof.h"

namespace bootferry {

class TellingTail {
public:
    // As many bytes before the run as are a proof.
    static constexpr std::size_t most = leastCompared(Proof::TellingBytes);

    void add(std::span<const std::byte> bytes); // the next bytes that were delivered
    void forget();                              // others were delivered, or none any more

    // The bytes before the run, of which the last one differs from those of the run. Fewer than `most`: not
    // enough is known.
    [[nodiscard]] std::span<const std::byte> beforeRun() const { return before_; }
    [[nodiscard]] bool isKnown() const { return before_.size() == most; }
    [[nodiscard]] std::uint64_t run() const { return run_; }
    [[nodiscard]] std::byte runByte() const { return byte_; }

private:
    void append(std::span<const std::byte> bytes);

    std::vector<std::byte> before_;
    std::uint64_t run_ = 0;
    std::byte byte_{};
};

} // namespace bootferry
