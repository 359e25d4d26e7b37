// SPDX-License-Identifier: LGPL-2.1-or-later
// The image is hashed as it was when its checksum was computed: with spaces in the field itself and, for
// tagmedia, a zeroed boot sector and an empty signature. isomd5sum hashes the boot sector, so a write
// partition that was entered there later is left out.
#include "media_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "declared_image_size.h"
#include "errors.h"
#include "file_ranges.h"
#include "live_image.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::uint64_t sectorSize = 2048;
constexpr std::uint64_t fieldOffset = 16 * sectorSize + 883;
constexpr std::size_t fieldSize = 512;
constexpr std::uint64_t blockSize = 512;
constexpr std::size_t longestDigest = 128; // hex of 64 bytes
constexpr std::size_t chunkSize = std::size_t{1} << 20U;

struct DigestFree {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using DigestHandle = std::unique_ptr<EVP_MD_CTX, DigestFree>;

// The number that a value begins with, 0 if it begins with none. Values are untrusted, hence the cap.
std::uint64_t number(std::string_view text) {
    constexpr std::uint64_t most = std::uint64_t{1} << 40U;
    const bool isNumber = !text.empty() && text.front() >= '0' && text.front() <= '9';
    return std::min(takeNumber<std::uint64_t>(text).value_or(isNumber ? most : 0), most);
}

void readFully(int fd, std::span<unsigned char> into, std::uint64_t offset, const std::string& device) {
    const auto count = readAt(fd, std::as_writable_bytes(into), offset, fmt::format("reading '{}'", device));
    if (count < into.size()) {
        throw Error(ErrorCode::Checksum,
                    fmt::format("'{}' ends at byte {}, in the middle of its image", device, offset + count));
    }
}

// Sets the part of [begin, begin + size) that lies in the chunk to value.
void fill(std::span<unsigned char> chunk, std::uint64_t at, std::uint64_t begin, std::uint64_t size,
          unsigned char value) {
    const auto from = std::max(begin, at);
    const auto to = std::min(begin + size, at + chunk.size());
    if (from < to) {
        std::memset(chunk.data() + (from - at), value, to - from);
    }
}

void normalize(std::span<unsigned char> chunk, std::uint64_t at, const EmbeddedChecksum& wanted,
               std::uint64_t imageEnd) {
    constexpr std::uint64_t signatureMagic = 64;
    constexpr std::uint64_t signatureBlocks = 4;
    fill(chunk, at, fieldOffset, fieldSize, ' ');
    if (wanted.style == EmbeddedChecksum::Style::Isomd5sum) {
        if (at == 0 && chunk.size() >= blockSize) {
            dropWritePartition(chunk.first(blockSize), imageEnd);
        }
        return;
    }
    fill(chunk, at, 0, blockSize, 0);
    if (wanted.signature != 0) {
        fill(chunk, at, wanted.signature * blockSize + signatureMagic,
             signatureBlocks * blockSize - signatureMagic, 0);
    }
}

class Digest {
public:
    explicit Digest(const std::string& algorithm) : context_(EVP_MD_CTX_new()) {
        const auto* method = EVP_get_digestbyname(algorithm.c_str());
        if (method == nullptr || !context_ || EVP_DigestInit_ex(context_.get(), method, nullptr) != 1) {
            throw Error(ErrorCode::Unsupported,
                        fmt::format("the medium's checksum is a {}, which this libcrypto does not support",
                                    printable(algorithm)));
        }
    }

    void add(std::span<const unsigned char> bytes) {
        if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) {
            throw Error(ErrorCode::Internal, "computing the medium's checksum");
        }
    }

    std::string finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
        unsigned size = 0;
        if (EVP_DigestFinal_ex(context_.get(), value.data(), &size) != 1) {
            throw Error(ErrorCode::Internal, "computing the medium's checksum");
        }
        return hexOf(std::span(value).first(size));
    }

private:
    DigestHandle context_;
};

std::uint64_t imageSize(int fd, const std::string& device) {
    std::vector<std::byte> head(declaredSizeProbe);
    readFully(fd, {reinterpret_cast<unsigned char*>(head.data()), head.size()}, 0, device);
    const auto size = declaredImageSize(head);
    if (!size) {
        throw Error(ErrorCode::NotLive, fmt::format("'{}' holds no ISO 9660 image to check", device));
    }
    return *size;
}

EmbeddedChecksum embeddedIn(int fd, const std::string& device) {
    std::array<unsigned char, fieldSize> field{};
    readFully(fd, field, fieldOffset, device);
    auto found = parseEmbeddedChecksum({reinterpret_cast<const char*>(field.data()), field.size()});
    if (!found) {
        throw Error(ErrorCode::NotLive, fmt::format("the image on '{}' has no embedded checksum: add one "
                                                    "with implantisomd5 or tagmedia, or remove rd.live.check",
                                                    device));
    }
    return *found;
}

} // namespace

// Entries are at 446, 16 bytes each; their first block is at 8.
bool dropWritePartition(std::span<unsigned char> bootSector, std::uint64_t imageEnd) {
    bool dropped = false;
    for (std::size_t entry = 446; entry < 446 + 4 * 16; entry += 16) {
        std::uint32_t begin = 0;
        std::memcpy(&begin, bootSector.data() + entry + 8, sizeof(begin));
        if (std::uint64_t{begin} * blockSize >= imageEnd) {
            std::memset(bootSector.data() + entry, 0, 16);
            dropped = true;
        }
    }
    return dropped;
}

std::optional<EmbeddedChecksum> parseEmbeddedChecksum(std::string_view field) {
    EmbeddedChecksum checksum;
    while (!field.empty()) {
        const auto end = field.find(';');
        const auto pair = field.substr(0, end);
        field.remove_prefix(end == std::string_view::npos ? field.size() : end + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        auto key = lowered(trimmed(pair.substr(0, equals), " "));
        const auto value = trimmed(pair.substr(equals + 1), " ");
        if (key.ends_with("sum")) {
            const bool iso = key.starts_with("iso ");
            checksum.style = iso ? EmbeddedChecksum::Style::Isomd5sum : EmbeddedChecksum::Style::Tagmedia;
            checksum.algorithm = key.substr(iso ? 4 : 0, key.size() - 3 - (iso ? 4 : 0));
            checksum.digest = lowered(value);
        } else if (key == "skipsectors") {
            checksum.skipSectors = number(value);
        } else if (key == "pad") {
            checksum.padSectors = number(value);
        } else if (key == "signature") {
            checksum.signature = number(value);
        }
    }
    return checksum.digest.empty() ? std::nullopt : std::optional(checksum);
}

std::string MediumChecksum::text() const {
    return fmt::format("{}:{}", printable(embedded.algorithm), printable(embedded.digest, longestDigest));
}

MediumChecksum mediumChecksum(int fd, const std::string& device) {
    MediumChecksum found;
    found.embedded = embeddedIn(fd, device);
    found.imageSize = imageSize(fd, device);
    const auto leftOut = (found.embedded.skipSectors + found.embedded.padSectors) * sectorSize;
    if (leftOut >= found.imageSize) {
        throw Error(ErrorCode::Checksum,
                    fmt::format("the checksum embedded in '{}' covers nothing: it skips {} of {} bytes",
                                device, leftOut, found.imageSize));
    }
    found.covered = found.imageSize - leftOut;
    return found;
}

void checkMedium(int fd, const std::string& device, const MediumChecksum& medium,
                 const std::function<void(unsigned percent)>& progressed) {
    const auto& wanted = medium.embedded;
    const auto size = medium.imageSize;
    const auto end = medium.covered;
    Digest digest(wanted.algorithm);
    std::vector<unsigned char> buffer(chunkSize);
    for (std::uint64_t at = 0; at < end; at += chunkSize) {
        const std::span chunk(buffer.data(),
                              static_cast<std::size_t>(std::min<std::uint64_t>(chunkSize, end - at)));
        readFully(fd, chunk, at, device);
        normalize(chunk, at, wanted, size);
        digest.add(chunk);
        progressed(static_cast<unsigned>((at + chunk.size()) * 100 / end));
    }
    const std::vector<unsigned char> zeros(sectorSize);
    for (std::uint64_t i = 0; i < std::min(wanted.padSectors, size / sectorSize); ++i) {
        digest.add(zeros);
    }
    if (const auto found = digest.finish(); found != wanted.digest) {
        throw Error(
            ErrorCode::Checksum,
            fmt::format("the medium '{}' is damaged: its embedded {} is {}, but the computed one is {}",
                        device, printable(wanted.algorithm), printable(wanted.digest, longestDigest), found));
    }
}

} // namespace bootferry
