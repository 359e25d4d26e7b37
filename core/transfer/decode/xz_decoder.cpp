// SPDX-License-Identifier: LGPL-2.1-or-later
// liblzma has two memory limits: it adds threads up to the first, and refuses a file that exceeds the second
// even on one thread. Both are an eighth of the machine's memory, but at least enough for files of `xz -9`.
// At the end of a truncated file liblzma returns LZMA_BUF_ERROR only at the second call that makes no
// progress, hence the loop in decode().
#include "xz_decoder.h"

#include <algorithm>

#include <lzma.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::uint64_t leastMemory = std::uint64_t{128} << 20U;
constexpr std::uint64_t mostMemory = std::uint64_t{1} << 30U;
constexpr std::uint32_t decoderFlags = LZMA_CONCATENATED;

std::uint64_t memoryLimit() {
    return std::clamp(::lzma_physmem() / 8, leastMemory, mostMemory);
}

lzma_ret startDecoder(lzma_stream& stream, std::uint64_t limit) {
#if LZMA_VERSION >= 50040002
    lzma_mt options{};
    options.flags = decoderFlags;
    options.threads = std::max<std::uint32_t>(::lzma_cputhreads(), 1);
    options.memlimit_threading = limit;
    options.memlimit_stop = limit;
    return ::lzma_stream_decoder_mt(&stream, &options);
#else
    return ::lzma_stream_decoder(&stream, limit, decoderFlags);
#endif
}

class XzDecoder : public Decoder {
public:
    XzDecoder() {
        if (startDecoder(stream_, limit_) != LZMA_OK) {
            throw Error(ErrorCode::Internal, "liblzma cannot be initialised");
        }
    }
    ~XzDecoder() override { ::lzma_end(&stream_); }
    XzDecoder(const XzDecoder&) = delete;
    XzDecoder& operator=(const XzDecoder&) = delete;

    DecoderStep decode(std::span<const std::byte> input, std::span<std::byte> output, bool last) override {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        stream_.avail_in = input.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
        stream_.avail_out = output.size();
        DecoderStep step;
        lzma_ret result = LZMA_OK;
        do {
            result = ::lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
            step = {.consumed = input.size() - stream_.avail_in,
                    .produced = output.size() - stream_.avail_out};
        } while (last && result == LZMA_OK && step.consumed == 0 && step.produced == 0);
        check(result, last);
        return step;
    }

private:
    void check(lzma_ret result, bool last) const {
        switch (result) {
        case LZMA_OK:
        case LZMA_STREAM_END:
            return;
        case LZMA_BUF_ERROR:
            if (last) {
                throwCorrupt(Codec::Xz, stream_.total_in, "it ends in the middle");
            }
            return;
        case LZMA_MEM_ERROR:
            throw std::bad_alloc();
        case LZMA_MEMLIMIT_ERROR:
            throw Error(
                ErrorCode::TooLarge,
                fmt::format("decoding this xz data takes more memory than {}, the limit on this machine (an "
                            "eighth of its memory, at least 128 MiB): compress it with a smaller dictionary "
                            "(xz -9 has 64 MiB)",
                            formatSize(limit_)));
        case LZMA_FORMAT_ERROR:
            throwCorrupt(Codec::Xz, stream_.total_in, "the following data is not xz");
        case LZMA_OPTIONS_ERROR:
            throw Error(
                ErrorCode::Unsupported,
                fmt::format(
                    "the xz data at byte {} uses a filter that liblzma {} does not support: compress it "
                    "without this filter",
                    stream_.total_in, ::lzma_version_string()));
        default:
            throwCorrupt(Codec::Xz, stream_.total_in, "it cannot be decoded, or its checksum is wrong");
        }
    }

    std::uint64_t limit_ = memoryLimit();
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

} // namespace

std::unique_ptr<Decoder> makeXzDecoder() {
    return std::make_unique<XzDecoder>();
}

} // namespace bootferry
