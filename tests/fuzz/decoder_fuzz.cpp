// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes into the decoders, in pieces whose sizes the input chooses itself: they end, or are refused as
// Error, and no step goes past its buffers. A bomb is left after some MiB, as a target would leave it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "decoder.h"
#include "errors.h"

namespace {

constexpr std::size_t mostOutput = std::size_t{4} << 20U;

void decodeAll(bootferry::Decoder& decoder, std::span<const std::byte> input, std::size_t pieceSize) {
    static std::array<std::byte, 10007> output;
    std::size_t produced = 0;
    for (;;) {
        auto piece = input.first(std::min(pieceSize, input.size()));
        input = input.subspan(piece.size());
        bootferry::DecoderStep step;
        do {
            step = decoder.decode(piece, output, input.empty());
            if (step.consumed > piece.size() || step.produced > output.size()) {
                std::abort();
            }
            piece = piece.subspan(step.consumed);
            produced += step.produced;
        } while ((step.consumed > 0 || step.produced > 0) && produced < mostOutput);
        if (input.empty() || produced >= mostOutput) {
            return;
        }
        if (!piece.empty()) {
            std::abort(); // neither taken nor refused
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto input = std::as_bytes(std::span(bytes, size));
    const auto codec = bootferry::recogniseCodec(input);
    if (!codec) {
        return 0;
    }
    try {
        decodeAll(*bootferry::makeDecoder(*codec), input, 1 + bytes[size - 1] * std::size_t{16});
    } catch (const bootferry::Error&) {
        return 0; // refused, which is an answer
    }
    return 0;
}
