// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a source continues the bytes that were delivered before. Where neither a validator nor the answer
// shows the version and the offset, the last bytes before the offset are fetched again and compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace bootferry {

struct Overlap {
    std::span<const std::byte> delivered; // the bytes before the run, as the reader has them
    std::uint64_t run = 0;                // the number of equal bytes that follow
    std::byte runByte{};
    std::uint64_t end = 0; // the end of the run, where the source is to continue
    // The comparison must prove the version or the offset: bytes that are all alike do not.
    bool mustBeTelling = false;
    std::optional<std::uint64_t> size; // of the whole source, as far as it is known
};

[[nodiscard]] bool areAllAlike(std::span<const std::byte> bytes);

// Reads the overlap from the source. Throws Error(Range) if it differs or proves nothing, Error(Unreachable)
// if the answer ends within it and the source does not.
void requireSameBytes(const Overlap& overlap, const std::function<std::size_t(std::span<std::byte>)>& read);

} // namespace bootferry
