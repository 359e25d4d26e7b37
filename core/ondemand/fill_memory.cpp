// SPDX-License-Identifier: LGPL-2.1-or-later
// A page for the version · the head · what was read · a bit for each piece. Written and read by the same
// build, in the machine's byte order.
#include "fill_memory.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "piece_map.h"
#include "read_record.h"

namespace bootferry {
namespace {

constexpr std::size_t headerSize = 4096;
constexpr std::size_t readsAt = headerSize + FillMemory::headSize;
constexpr std::size_t presentAt = readsAt + ReadRecord::size;
constexpr const char* what = "the memory of what has arrived";
constexpr std::uint32_t begunMagic = 0x626f6f74;

template <std::size_t Size>
std::string textOf(const std::array<char, Size>& field) {
    return {field.data(), strnlen(field.data(), Size)};
}

template <std::size_t Size>
void setText(std::array<char, Size>& field, const std::string& text) {
    if (text.size() >= Size) {
        throw Error(ErrorCode::Internal, "the server's version is too long to be kept");
    }
    std::memcpy(field.data(), text.c_str(), text.size() + 1);
}

} // namespace

struct FillMemory::Header {
    std::uint64_t size;
    std::uint32_t begun;
    std::uint32_t strongValidator; // no bool, like the next two: any value may be there
    std::uint32_t showsOffset;
    std::uint32_t ranges;
    std::array<char, 1025> validator;
    std::array<char, 2049> location;
};

UniqueFd FillMemory::make(std::uint64_t size) {
    static_assert(sizeof(Header) <= headerSize);
    if (size == 0 || size > PieceMap::largestImage) {
        throw Error(ErrorCode::Internal, "an image of an impossible size");
    }
    const auto length = presentAt + PieceMap::wordsFor(size) * sizeof(std::uint64_t);
    UniqueFd file(checkErrno(::memfd_create("bootferry-fill", MFD_CLOEXEC | MFD_ALLOW_SEALING), what));
    checkErrno(::ftruncate(file.get(), static_cast<off_t>(length)), what);
    checkErrno(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW), what);
    return file;
}

std::vector<Extent> FillMemory::readsIn(const UniqueFd& file, std::uint64_t size) {
    std::vector<std::uint64_t> copy(ReadRecord::size / sizeof(std::uint64_t));
    const auto count = checkErrno(::pread(file.get(), copy.data(), ReadRecord::size, readsAt), what);
    copy.resize(static_cast<std::size_t>(count) / sizeof(std::uint64_t));
    return recordedReads(copy, size);
}

FillMemory::FillMemory(const UniqueFd& file) {
    struct stat status {};
    checkErrno(::fstat(file.get(), &status), what);
    const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    if (size < presentAt + sizeof(std::uint64_t)) {
        throw Error(ErrorCode::Internal, "the memory of what has arrived is too small");
    }
    auto* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) {
        throw Error(ErrorCode::Io, errno, what);
    }
    memory_ = static_cast<std::byte*>(memory);
    size_ = size;
}

FillMemory::~FillMemory() {
    ::munmap(memory_, size_);
}

FillMemory::Header& FillMemory::header() const {
    return *reinterpret_cast<Header*>(memory_); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

std::optional<FillVersion> FillMemory::version() const {
    const auto& header = this->header();
    FillVersion version{.size = header.size,
                        .validator = textOf(header.validator),
                        .strongValidator = header.strongValidator != 0,
                        .showsOffset = header.showsOffset != 0,
                        .ranges = header.ranges != 0,
                        .location = textOf(header.location)};
    const bool isValid = header.begun == begunMagic && version.size > 0 &&
                         version.size <= PieceMap::largestImage && !version.validator.empty() &&
                         PieceMap::wordsFor(version.size) <= present().size();
    return isValid ? std::optional(std::move(version)) : std::nullopt;
}

void FillMemory::begin(const FillVersion& version) {
    if (PieceMap::wordsFor(version.size) > present().size()) {
        throw Error(ErrorCode::Internal, "the memory of what has arrived is too small");
    }
    auto& header = this->header();
    setText(header.validator, version.validator);
    setText(header.location, version.location);
    header.size = version.size;
    header.strongValidator = version.strongValidator ? 1 : 0;
    header.showsOffset = version.showsOffset ? 1 : 0;
    header.ranges = version.ranges ? 1 : 0;
    const auto bits = present();
    std::fill(bits.begin(), bits.end(), 0);
    std::memset(head().data(), 0, headSize);
    reads().front() = 0;
    header.begun = begunMagic;
}

std::span<std::byte> FillMemory::head() const {
    return {memory_ + headerSize, headSize};
}

std::span<std::uint64_t> FillMemory::reads() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    return {reinterpret_cast<std::uint64_t*>(memory_ + readsAt), ReadRecord::size / sizeof(std::uint64_t)};
}

std::span<std::uint64_t> FillMemory::present() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    return {reinterpret_cast<std::uint64_t*>(memory_ + presentAt),
            (size_ - presentAt) / sizeof(std::uint64_t)};
}

} // namespace bootferry
