// SPDX-License-Identifier: LGPL-2.1-or-later
// Filters are enabled one by one: archive_read_support_filter_all() would run programs for some formats.
#include "initrd_contents.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t blockSize = std::size_t{64} * 1024;
constexpr std::size_t headSize = 110;
constexpr std::size_t longestName = 4096;
constexpr std::size_t mostBytes = std::size_t{4} << 30U; // decompressed

struct FreeArchive {
    void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};

std::optional<std::uint32_t> field(std::string_view head, std::size_t index) {
    constexpr std::size_t magic = 6;
    constexpr std::size_t width = 8;
    return parseNumber<std::uint32_t>(head.substr(magic + index * width, width), 16);
}

std::size_t padding(std::size_t position) {
    return (4 - position % 4) % 4;
}

InInitrd fromResult(CpioWalk::Result result) {
    return result == CpioWalk::Result::Found ? InInitrd::Yes
           : result == CpioWalk::Result::End ? InInitrd::No
                                             : InInitrd::NotKnown;
}

InInitrd findCompressed(int initrd, std::string_view ending) {
    const std::unique_ptr<archive, FreeArchive> reader(archive_read_new());
    if (!reader) {
        return InInitrd::NotKnown;
    }
    for (auto* enable :
         {archive_read_support_filter_gzip, archive_read_support_filter_xz, archive_read_support_filter_lzma,
          archive_read_support_filter_zstd, archive_read_support_filter_lz4,
          archive_read_support_filter_bzip2, archive_read_support_format_raw}) {
        (void)enable(reader.get()); // without it, such an initrd is not known
    }
    archive_entry* entry = nullptr;
    if (archive_read_open_fd(reader.get(), initrd, blockSize) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN) {
        return InInitrd::NotKnown;
    }
    bool damaged = false;
    std::size_t sum = 0;
    CpioWalk walk([&](std::span<std::byte> into) -> std::size_t {
        const auto size = sum < mostBytes ? archive_read_data(reader.get(), into.data(), into.size()) : -1;
        damaged = damaged || size < 0;
        sum += static_cast<std::size_t>(std::max<la_ssize_t>(size, 0));
        return static_cast<std::size_t>(std::max<la_ssize_t>(size, 0));
    });
    const auto found = fromResult(walk.find(ending));
    return damaged && found == InInitrd::No ? InInitrd::NotKnown : found;
}

} // namespace

bool CpioWalk::fill() {
    if (used_ < buffer_.size()) {
        return true;
    }
    buffer_.resize(blockSize);
    used_ = 0;
    buffer_.resize(source_(std::as_writable_bytes(std::span(buffer_))));
    return !buffer_.empty();
}

std::optional<std::string> CpioWalk::take(std::size_t size) {
    std::string taken;
    while (taken.size() < size) {
        if (!fill()) {
            return std::nullopt;
        }
        const auto part = std::min(size - taken.size(), buffer_.size() - used_);
        taken.append(buffer_, used_, part);
        used_ += part;
        position_ += part;
    }
    return taken;
}

bool CpioWalk::skip(std::size_t size) {
    while (size > 0) {
        if (!fill()) {
            return false;
        }
        const auto part = std::min(size, buffer_.size() - used_);
        used_ += part;
        position_ += part;
        size -= part;
    }
    return true;
}

// Skips zeros; false at the end.
bool CpioWalk::skipZeros() {
    while (fill()) {
        const auto next = std::min(buffer_.find_first_not_of('\0', used_), buffer_.size());
        position_ += next - used_;
        used_ = next;
        if (next < buffer_.size()) {
            return true;
        }
    }
    return false;
}

CpioWalk::Result CpioWalk::find(std::string_view ending) {
    while (skipZeros()) {
        const auto begin = position_;
        const auto head = take(headSize);
        if (!head || !(head->starts_with("070701") || head->starts_with("070702"))) {
            position_ = begin;
            return Result::NotCpio;
        }
        constexpr std::size_t fileSizeField = 6;
        constexpr std::size_t nameSizeField = 11;
        const auto fileSize = field(*head, fileSizeField);
        const auto nameSize = field(*head, nameSizeField);
        if (!fileSize || !nameSize || *nameSize == 0 || *nameSize > longestName) {
            position_ = begin;
            return Result::NotCpio;
        }
        auto name = take(*nameSize);
        if (!name) {
            return Result::NotCpio;
        }
        name->resize(std::min(name->find('\0'), name->size()));
        if (name->ends_with(ending)) {
            return Result::Found;
        }
        if (!skip(padding(headSize + *nameSize) + *fileSize)) {
            return Result::NotCpio;
        }
        if (!skip(padding(*fileSize))) {
            return Result::End;
        }
    }
    return Result::End;
}

InInitrd findInInitrd(int initrd, std::string_view ending) {
    checkErrno(::lseek(initrd, 0, SEEK_SET), "reading the initrd");
    CpioWalk walk([initrd](std::span<std::byte> into) {
        ssize_t size = 0;
        do {
            size = ::read(initrd, into.data(), into.size());
        } while (size < 0 && errno == EINTR);
        return static_cast<std::size_t>(checkErrno(size, "reading the initrd"));
    });
    const auto result = walk.find(ending);
    if (result != CpioWalk::Result::NotCpio) {
        return fromResult(result);
    }
    checkErrno(::lseek(initrd, static_cast<off_t>(walk.position()), SEEK_SET), "reading the initrd");
    return findCompressed(initrd, ending);
}

} // namespace bootferry
