// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_target.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "file_ranges.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::size_t roomSize = std::size_t{256} << 10U;

std::uint64_t roundedUp(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

} // namespace

void AlignedBuffer::Free::operator()(std::byte* memory) const noexcept {
    std::free(memory); // NOLINT(cppcoreguidelines-no-malloc): of aligned_alloc()
}

AlignedBuffer::AlignedBuffer(std::size_t size)
    : memory_(static_cast<std::byte*>(std::aligned_alloc(FillTarget::alignment, size))), size_(size) {
    if (!memory_) {
        throw std::bad_alloc();
    }
}

FillTarget::FillTarget(const WriteTarget& target, std::span<std::byte> head, std::uint64_t size)
    : target_(target), head_(head), size_(size), room_(roomSize) {
    target_.blockSize = std::max<std::uint32_t>(target_.blockSize, 1);
    if (roundedUp(size, target_.blockSize) > target_.capacity) {
        throw Error(ErrorCode::TooLarge, fmt::format("the image has {}, but the target only {}",
                                                     formatSize(size), formatSize(target_.capacity)));
    }
}

void FillTarget::mark() const {
    BlockWriter().setTarget(target_);
}

void FillTarget::write(std::uint64_t piece, std::span<std::byte> buffer) const {
    const auto offset = piece * PieceMap::pieceSize;
    const auto length = static_cast<std::size_t>(std::min(PieceMap::pieceSize, size_ - offset));
    if (offset < head_.size()) {
        std::memcpy(head_.data() + offset, buffer.data(), length);
        return;
    }
    const auto padded = static_cast<std::size_t>(roundedUp(length, target_.blockSize));
    std::memset(buffer.data() + length, 0, padded - length);
    writeAt(target_.fd, buffer.first(padded), offset, "writing the target");
}

std::span<const std::byte> FillTarget::read(std::uint64_t offset, std::size_t most) {
    if (offset < head_.size()) {
        const auto at = static_cast<std::size_t>(offset);
        return head_.subspan(at, std::min(most, head_.size() - at));
    }
    const auto begin = offset / alignment * alignment;
    const auto skipped = static_cast<std::size_t>(offset - begin);
    const auto count = std::min(most, room_.bytes().size() - skipped);
    // As far as the target was written; what follows is padding.
    const auto end = std::min(roundedUp(offset + count, alignment), roundedUp(size_, target_.blockSize));
    const auto wanted = static_cast<std::size_t>(std::max(end, begin) - begin);
    const auto arrived = wanted > 0
                             ? readAt(target_.fd, room_.bytes().first(wanted), begin, "reading the target")
                             : std::size_t{0};
    const auto image = static_cast<std::size_t>(std::max(size_, begin) - begin);
    if (arrived < std::min(wanted, image)) {
        throw Error(ErrorCode::Io, "the target has become shorter");
    }
    const auto padding = room_.bytes().subspan(std::min(arrived, image));
    std::memset(padding.data(), 0, padding.size());
    return room_.bytes().subspan(skipped, count);
}

void FillTarget::stage() const {
    sync();
}

// The first block, which has the mark, is written alone, after the rest of the head was synced
// (BlockWriter::commit()).
void FillTarget::commit() const {
    const auto length = std::min<std::uint64_t>(roundedUp(size_, target_.blockSize), head_.size());
    const auto head = head_.first(static_cast<std::size_t>(length));
    const auto first = std::min<std::size_t>(target_.blockSize, head.size());
    if (head.size() > first) {
        writeAt(target_.fd, head.subspan(first), first, "writing the target");
        sync();
    }
    writeAt(target_.fd, head.first(first), 0, "writing the target");
    sync();
}

void FillTarget::sync() const {
    syncData(target_.fd, "syncing the target");
}

} // namespace bootferry
