// SPDX-License-Identifier: LGPL-2.1-or-later
// A fuzzer's input, taken from its front. Where an input is a sequence of things, each is preceded by its
// length, so that a mutation in one leaves the others as they are; lengths are cut to what is left, and what
// is missing is zero or empty, so that every input means something.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace bootferry::fuzz {

// A property of the code under test. libFuzzer keeps the input for which it does not hold.
inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

class FuzzInput {
public:
    FuzzInput(const std::uint8_t* bytes, std::size_t size)
        : rest_(reinterpret_cast<const char*>(bytes), size) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    std::string_view take(std::size_t size) {
        const auto taken = rest_.substr(0, std::min(size, rest_.size()));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    // Little-endian.
    template <typename Number>
    Number number() {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const char byte : take(sizeof(Number))) {
            value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
            shift += 8;
        }
        return static_cast<Number>(value);
    }
    bool flag() { return (number<std::uint8_t>() & 1U) != 0; }

    // Preceded by its length, a number of 16 bits.
    std::string_view piece() { return take(number<std::uint16_t>()); }

    // Up to the mark, which is taken as well.
    std::string_view upTo(std::string_view mark) {
        const auto end = rest_.find(mark);
        const auto taken = take(end);
        take(end != std::string_view::npos ? mark.size() : 0);
        return taken;
    }

private:
    std::string_view rest_;
};

[[nodiscard]] inline std::span<const std::byte> asBytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

} // namespace bootferry::fuzz
