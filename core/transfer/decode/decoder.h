// SPDX-License-Identifier: LGPL-2.1-or-later
// A decoder is a function with a memory: bytes in, bytes out, as much of either as fits. It knows neither
// where they come from nor where they go, so that it can be fed byte by byte in a test and by the megabyte on
// a thread. A file may be several streams (members, frames) one after the other, as xz, pigz and pzstd write
// them; all of them are decoded, and what may stand behind them is what the codec's own tool allows.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "codec.h"

namespace bootferry {

struct DecoderStep {
    std::size_t consumed = 0; // of the input
    std::size_t produced = 0; // in the output
};

class Decoder {
public:
    Decoder() = default;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    virtual ~Decoder() = default;

    // output is never empty. last: nothing follows the input; call until nothing is consumed or produced any
    // more, which happens only where the input ended whole. Without `last` that means: more input is wanted.
    // Throws Error(Corrupt) that names the codec and the byte, Error(TooLarge) where decoding would need more
    // memory than a decoder may have. Unusable after a failure.
    [[nodiscard]] virtual DecoderStep decode(std::span<const std::byte> input, std::span<std::byte> output,
                                             bool last) = 0;

    // What the file's header says it decodes to, at least: more may follow in later frames. Known, if ever,
    // after the first call of decode().
    [[nodiscard]] virtual std::optional<std::uint64_t> declaredSize() const { return std::nullopt; }
};

// Throws Error(Unsupported) for a codec that this bootferry was built without.
[[nodiscard]] std::unique_ptr<Decoder> makeDecoder(Codec codec);

// The failure that decoders share: at that byte (counted before decoding) the file goes wrong.
[[noreturn]] void throwCorrupt(Codec codec, std::uint64_t byte, std::string_view what);

} // namespace bootferry
