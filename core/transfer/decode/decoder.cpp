// SPDX-License-Identifier: LGPL-2.1-or-later
// Build options (meson_options.txt) select the codecs; only their own files include their libraries' headers.
#include "decoder.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "gzip_decoder.h"
#include "xz_decoder.h"
#include "zstd_decoder.h"

namespace bootferry {

std::unique_ptr<Decoder> makeDecoder(Codec codec) {
#if BOOTFERRY_GZIP
    if (codec == Codec::Gzip) {
        return makeGzipDecoder();
    }
#endif
#if BOOTFERRY_XZ
    if (codec == Codec::Xz) {
        return makeXzDecoder();
    }
#endif
#if BOOTFERRY_ZSTD
    if (codec == Codec::Zstd) {
        return makeZstdDecoder();
    }
#endif
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the image is compressed with {0}, but this bootferry was built without {0}: serve "
                    "it uncompressed",
                    codecName(codec)));
}

void throwCorrupt(Codec codec, std::uint64_t byte, std::string_view what) {
    throw Error(ErrorCode::Corrupt,
                fmt::format("the {} data is damaged at byte {}: {}; check or renew the file on the server",
                            codecName(codec), byte, what));
}

} // namespace bootferry
