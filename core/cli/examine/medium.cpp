// SPDX-License-Identifier: LGPL-2.1-or-later
// O_DIRECT needs aligned memory, offsets and lengths: pieces of 1 MiB, and single blocks where one fails.
#include "medium.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block_geometry.h"
#include "files.h"
#include "media_check.h"

namespace bootferry {
namespace {

constexpr std::size_t pieceSize = std::size_t{1} << 20U;
constexpr std::size_t alignment = 4096;
constexpr std::size_t bootSectorSize = 512;
constexpr std::size_t mostFailures = 64; // a damaged disk takes seconds for each

struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
};
using AlignedMemory = std::unique_ptr<std::byte, Free>;

AlignedMemory alignedMemory(std::size_t size) {
    AlignedMemory memory(static_cast<std::byte*>(std::aligned_alloc(alignment, size)));
    if (!memory) {
        throw std::bad_alloc();
    }
    return memory;
}

ssize_t readAt(int fd, std::span<std::byte> into, std::uint64_t offset) {
    return TEMP_FAILURE_RETRY(::pread(fd, into.data(), into.size(), static_cast<off_t>(offset)));
}

bool isDamage(int errnoValue) {
    return errnoValue == EIO || errnoValue == EILSEQ || errnoValue == ENODATA || errnoValue == EREMOTEIO;
}

UniqueFd openMedium(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) {
        throw Error(fileErrorCode(errno), errno, fmt::format("opening '{}'", path));
    }
    return fd;
}

// Reads a medium from its beginning, and records unreadable ranges.
class Reading {
public:
    Reading(int fd, const std::string& path, std::uint32_t blockSize, MediumDigest& result)
        : fd_(fd), path_(path), blockSize_(blockSize), result_(result) {}

    [[nodiscard]] bool isEnough() const { return failures_ >= mostFailures; }

    // Reads `count` bytes at the offset. Unreadable bytes are set to zero. With O_DIRECT, reads whole blocks.
    void read(std::span<std::byte> piece, std::size_t count, std::uint64_t offset) {
        const auto wanted = std::min(piece.size(), (count + alignment - 1) / alignment * alignment);
        for (std::size_t done = 0; done < count;) {
            const auto rest = piece.subspan(done, wanted - done);
            const auto n = readAt(fd_, rest, offset + done);
            if (n < 0 && isDamage(errno)) {
                readBlocks(rest, count - done, offset + done);
                return;
            }
            checkErrno(n, fmt::format("reading '{}' at byte {}", path_, offset + done));
            if (n == 0) {
                throw Error(ErrorCode::Io, fmt::format("'{}' ends at byte {} now", path_, offset + done));
            }
            done += static_cast<std::size_t>(n);
        }
    }

private:
    void readBlocks(std::span<std::byte> rest, std::size_t count, std::uint64_t offset) {
        for (std::size_t at = 0; at < count && !isEnough(); at += blockSize_) {
            const auto block = rest.subspan(at, std::min<std::size_t>(blockSize_, rest.size() - at));
            const auto n = readAt(fd_, block, offset + at);
            if (n > 0) {
                continue;
            }
            if (n < 0 && result_.errnoValue == 0) {
                result_.errnoValue = errno;
            }
            ++failures_;
            std::memset(block.data(), 0, block.size());
            add({offset + at, offset + at + block.size()});
        }
    }

    void add(const ByteRange& range) {
        auto& found = result_.unreadable;
        if (!found.empty() && found.back().end == range.begin) {
            found.back().end = range.end;
        } else {
            found.push_back(range);
        }
    }

    int fd_;
    const std::string& path_;
    std::uint32_t blockSize_;
    MediumDigest& result_;
    std::size_t failures_ = 0;
};

// Reads a device past the page cache during its lifetime. Files are read through the cache, since their ends
// are not aligned.
class DirectReading {
public:
    DirectReading(int fd, bool isDevice) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {
        direct_ = isDevice && flags_ >= 0 && ::fcntl(fd, F_SETFL, flags_ | O_DIRECT) == 0;
    }
    ~DirectReading() {
        if (direct_) {
            (void)::fcntl(fd_, F_SETFL, flags_);
        }
    }
    DirectReading(const DirectReading&) = delete;
    DirectReading& operator=(const DirectReading&) = delete;

private:
    int fd_;
    int flags_;
    bool direct_;
};

} // namespace

Medium::Medium(std::string path) : path_(std::move(path)), fd_(openMedium(path_)) {
    struct stat status {};
    checkErrno(::fstat(fd_.get(), &status), fmt::format("looking at '{}'", path_));
    if (S_ISBLK(status.st_mode)) {
        const auto geometry = readBlockGeometry(fd_.get());
        device_ = status.st_rdev;
        size_ = geometry.size;
        blockSize_ = geometry.logicalBlock;
    } else if (S_ISREG(status.st_mode)) {
        size_ = static_cast<std::uint64_t>(status.st_size);
        blockSize_ = alignment;
    } else {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is neither a block device nor a regular file", path_));
    }
    // Drop the cached pages, so that data is read from the medium.
    (void)::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

std::vector<std::byte> Medium::head(std::size_t size) const {
    std::vector<std::byte> head(size);
    const auto n = checkErrno(readAt(fd_.get(), head, 0), fmt::format("reading '{}'", path_));
    head.resize(static_cast<std::size_t>(n));
    return head;
}

MediumDigest Medium::digest(const std::string& algorithm, std::uint64_t size, std::uint64_t padding,
                            const std::function<void(std::uint64_t)>& progressed) const {
    MediumDigest result;
    Digest whole(algorithm);
    std::optional<Digest> withoutLater;
    std::optional<Digest> padded;
    if (padding > 0) {
        padded.emplace(algorithm);
    }
    const auto memory = alignedMemory(pieceSize);
    const std::span piece(memory.get(), pieceSize);
    const DirectReading direct(fd_.get(), isDevice());
    Reading reading(fd_.get(), path_, blockSize_, result);
    for (std::uint64_t at = 0; at < size && !reading.isEnough(); at += pieceSize) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(pieceSize, size - at));
        reading.read(piece, count, at);
        const auto bytes = piece.first(count);
        whole.update(bytes);
        if (padded) {
            padded->update(bytes);
        }
        if (withoutLater) {
            withoutLater->update(bytes);
        } else if (at == 0 && isDevice() && count >= bootSectorSize) {
            const std::span sector(reinterpret_cast<unsigned char*>(bytes.data()), bootSectorSize);
            if (sector[510] == 0x55 && sector[511] == 0xaa && dropWritePartition(sector, size)) {
                withoutLater.emplace(algorithm);
                withoutLater->update(bytes);
            }
        }
        progressed(at + count);
    }
    result.checksum = whole.finish();
    if (padded && result.unreadable.empty()) {
        MediumDigest behind; // unreadable bytes behind the image do not count against it
        const auto begin = static_cast<std::size_t>(size % alignment);
        const auto count = static_cast<std::size_t>(padding);
        Reading(fd_.get(), path_, blockSize_, behind).read(piece, begin + count, size - begin);
        if (behind.unreadable.empty()) {
            padded->update(piece.subspan(begin, count));
            result.padded = padded->finish();
        }
    }
    if (withoutLater) {
        result.withoutLaterPartitions = withoutLater->finish();
    }
    return result;
}

} // namespace bootferry
