// SPDX-License-Identifier: LGPL-2.1-or-later
// zlib decodes one member at a time. This file examines the bytes between members one by one, because a
// buffer may end anywhere. Memory: inflate's window of 32 KiB.
#include "gzip_decoder.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "errors.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr int gzipOnly = 15 + 16; // inflateInit2: the largest window, and a gzip header

uInt clamped(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

class GzipDecoder : public Decoder {
public:
    GzipDecoder() {
        if (::inflateInit2(&stream_, gzipOnly) != Z_OK) {
            throw Error(ErrorCode::Internal, "zlib cannot be initialised");
        }
    }
    ~GzipDecoder() override { ::inflateEnd(&stream_); }
    GzipDecoder(const GzipDecoder&) = delete;
    GzipDecoder& operator=(const GzipDecoder&) = delete;

    DecoderStep decode(std::span<const std::byte> input, std::span<std::byte> output, bool last) override {
        DecoderStep step;
        if (where_ != Where::InMember) {
            step.consumed = skipGap(input, last);
            received_ += step.consumed;
        }
        if (where_ == Where::InMember) {
            const auto more = inflateSome(input.subspan(step.consumed), output, last);
            step.consumed += more.consumed;
            step.produced = more.produced;
        }
        return step;
    }

private:
    enum class Where { InMember, BetweenMembers, AfterFirstMagicByte, AfterAll };

    DecoderStep inflateSome(std::span<const std::byte> input, std::span<std::byte> output, bool last) {
        // zlib's interface lacks the const; it does not write to the input.
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
        stream_.avail_in = clamped(input.size());
        stream_.next_out = reinterpret_cast<Bytef*>(output.data());
        stream_.avail_out = clamped(output.size());
        const auto room = stream_.avail_out;
        const auto given = stream_.avail_in;
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        const DecoderStep step{.consumed = given - stream_.avail_in, .produced = room - stream_.avail_out};
        received_ += step.consumed;
        if (result == Z_STREAM_END) {
            where_ = Where::BetweenMembers;
            (void)::inflateReset(&stream_);
        } else if (result == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            throwCorrupt(Codec::Gzip, received_, stream_.msg != nullptr ? stream_.msg : "not gzip");
        } else if (last && step.consumed == input.size() && step.produced < output.size()) {
            throwCorrupt(Codec::Gzip, received_, "it ends in the middle");
        }
        return step;
    }

    // Returns how many bytes at the beginning of the input do not belong to a member.
    std::size_t skipGap(std::span<const std::byte> input, bool last) {
        std::size_t passed = 0;
        while (passed < input.size() && where_ != Where::InMember) {
            const auto byte = input[passed];
            if (where_ == Where::BetweenMembers && byte == std::byte{0}) {
                ++passed;
            } else if (where_ == Where::BetweenMembers && byte == std::byte{0x1f}) {
                ++passed;
                where_ = Where::AfterFirstMagicByte;
            } else if (where_ == Where::AfterFirstMagicByte && byte == std::byte{0x8b}) {
                beginMember();
            } else {
                ignoreRest();
                passed = input.size();
            }
        }
        if (last && where_ == Where::AfterFirstMagicByte) {
            ignoreRest();
        }
        return passed;
    }

    // skipGap() has consumed the first magic byte already, so zlib gets a copy.
    void beginMember() {
        std::byte magic{0x1f};
        std::byte nowhere{};
        where_ = Where::InMember;
        received_ -= 1;
        (void)inflateSome({&magic, 1}, {&nowhere, 1}, false);
    }

    void ignoreRest() {
        if (where_ != Where::AfterAll) {
            where_ = Where::AfterAll;
            logWarning("the gzip data is followed by other data, ignoring");
        }
    }

    z_stream stream_{};
    Where where_ = Where::InMember;
    std::uint64_t received_ = 0;
};

} // namespace

std::unique_ptr<Decoder> makeGzipDecoder() {
    return std::make_unique<GzipDecoder>();
}

} // namespace bootferry
