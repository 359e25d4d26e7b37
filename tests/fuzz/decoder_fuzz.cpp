// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes into the decoders, in pieces whose sizes the input chooses itself: they end, or are refused as
// Error, no step goes past its buffers, and the result is the same however the bytes are cut. A bomb is left
// after some MiB, as a target would leave it.
#include <array>

#include "decoder.h"
#include "errors.h"
#include "fuzz_input.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr std::size_t mostOutput = std::size_t{4} << 20U;

struct Decoded {
    std::size_t size = 0;
    std::uint64_t hash = 14695981039346656037U; // FNV-1a
    bool refused = false;

    void add(std::span<const std::byte> bytes) {
        size += bytes.size();
        for (const auto byte : bytes) {
            hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
        }
    }
    [[nodiscard]] bool isBomb() const { return size >= mostOutput; }
};

void decodeAll(Decoder& decoder, std::span<const std::byte> input, std::size_t pieceSize, Decoded& decoded) {
    static std::array<std::byte, 10007> output;
    for (;;) {
        auto piece = input.first(std::min(pieceSize, input.size()));
        input = input.subspan(piece.size());
        DecoderStep step;
        do {
            step = decoder.decode(piece, output, input.empty());
            require(step.consumed <= piece.size() && step.produced <= output.size());
            piece = piece.subspan(step.consumed);
            decoded.add(std::span(output).first(step.produced));
        } while ((step.consumed > 0 || step.produced > 0) && !decoded.isBomb());
        if (input.empty() || decoded.isBomb()) {
            return;
        }
        require(piece.empty()); // else neither taken nor refused
    }
}

Decoded decodedBy(Codec codec, std::span<const std::byte> input, std::size_t pieceSize) {
    Decoded decoded;
    try {
        decodeAll(*makeDecoder(codec), input, pieceSize, decoded);
    } catch (const Error& error) {
        decoded.refused = true;
        require(*error.what() != '\0');
    }
    return decoded;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto input = std::as_bytes(std::span(bytes, size));
    const auto codec = recogniseCodec(input);
    if (!codec) {
        return 0;
    }
    const auto inPieces = decodedBy(*codec, input, 1 + bytes[size - 1] * std::size_t{16});
    const auto whole = decodedBy(*codec, input, input.size());
    if (!inPieces.isBomb() && !whole.isBomb()) {
        require(inPieces.refused == whole.refused);
        require(whole.refused || (inPieces.size == whole.size && inPieces.hash == whole.hash));
    }
    return 0;
}
