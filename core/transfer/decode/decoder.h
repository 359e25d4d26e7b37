// SPDX-License-Identifier: LGPL-2.1-or-later
// A decoder converts input bytes into output bytes and keeps its state between calls. It does no I/O, so that
// a test can feed it byte by byte and a thread by the megabyte. A file may consist of several streams
// (members, frames) in a row, as xz, pigz and pzstd write them: all are decoded, and trailing data is treated
// as the codec's own tool treats it.
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

    // `output` must not be empty. Without `last`, nothing consumed and nothing produced means that the
    // decoder needs more input. With `last` (this is the end of the input) call it until it neither consumes
    // nor produces anything: then the data was complete. Throws Error(Corrupt) that names the codec and the
    // byte, Error(TooLarge) if decoding needs more memory than the limit. Unusable after a failure.
    [[nodiscard]] virtual DecoderStep decode(std::span<const std::byte> input, std::span<std::byte> output,
                                             bool last) = 0;

    // The decoded size according to the first header; later frames may add to it. Known after the first
    // decode(), if at all.
    [[nodiscard]] virtual std::optional<std::uint64_t> declaredSize() const { return std::nullopt; }
};

// Throws Error(Unsupported) if bootferry was built without the codec.
[[nodiscard]] std::unique_ptr<Decoder> makeDecoder(Codec codec);

// Throws the decoders' common Error(Corrupt). byte: the position of the damage in the compressed file.
[[noreturn]] void throwCorrupt(Codec codec, std::uint64_t byte, std::string_view what);

} // namespace bootferry
