// SPDX-License-Identifier: LGPL-2.1-or-later
// The window size determines a decoder's memory. The limit is that of zstd -d without --long or --memory; no
// compression level exceeds it by itself.
#include "zstd_decoder.h"

#include <spdlog/fmt/fmt.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr int windowLogLimit = 27; // 128 MiB

struct Free {
    void operator()(ZSTD_DCtx* context) const noexcept { ::ZSTD_freeDCtx(context); }
};

class ZstdDecoder : public Decoder {
public:
    ZstdDecoder() : context_(::ZSTD_createDCtx()) {
        if (!context_) {
            throw std::bad_alloc();
        }
        check(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, windowLogLimit));
    }

    DecoderStep decode(std::span<const std::byte> input, std::span<std::byte> output, bool last) override {
        if (input.empty() && !frameOpen_) {
            return {};
        }
        if (received_ == 0) {
            readDeclaredSize(input);
        }
        ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
        ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
        const auto result = ::ZSTD_decompressStream(context_.get(), &out, &in);
        received_ += in.pos;
        check(result);
        frameOpen_ = result != 0;
        if (last && frameOpen_ && in.pos == in.size && out.pos < out.size) {
            throwCorrupt(Codec::Zstd, received_, "it ends in the middle");
        }
        return {.consumed = in.pos, .produced = out.pos};
    }

    std::optional<std::uint64_t> declaredSize() const override { return declaredSize_; }

private:
    void readDeclaredSize(std::span<const std::byte> input) {
        const auto size = ::ZSTD_getFrameContentSize(input.data(), input.size());
        if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR) {
            declaredSize_ = size;
        }
    }

    void check(std::size_t result) const {
        if (::ZSTD_isError(result) == 0) {
            return;
        }
        switch (::ZSTD_getErrorCode(result)) {
        case ZSTD_error_memory_allocation:
            throw std::bad_alloc();
        case ZSTD_error_frameParameter_windowTooLarge:
            throw Error(ErrorCode::TooLarge,
                        fmt::format("this zstd data has a window of more than {} MiB, the limit: compress "
                                    "it without --long, or with --long={}",
                                    1U << (windowLogLimit - 20), windowLogLimit));
        case ZSTD_error_prefix_unknown:
            throwCorrupt(Codec::Zstd, received_, "the following data is not zstd");
        case ZSTD_error_dictionary_wrong:
            throw Error(ErrorCode::Unsupported,
                        "this zstd data was compressed with a dictionary: compress it without one");
        default:
            throwCorrupt(Codec::Zstd, received_, ::ZSTD_getErrorName(result));
        }
    }

    std::unique_ptr<ZSTD_DCtx, Free> context_;
    std::uint64_t received_ = 0;
    std::optional<std::uint64_t> declaredSize_;
    bool frameOpen_ = false;
};

} // namespace

std::unique_ptr<Decoder> makeZstdDecoder() {
    return std::make_unique<ZstdDecoder>();
}

} // namespace bootferry
