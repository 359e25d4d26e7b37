// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk in memory, made from a fuzzer's input: pieces of bytes at places, zeros between them. Signatures lie
// far apart, and an input with all the zeros would leave a mutation little chance to hit one.
#pragma once

#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_input.h"
#include "handles.h"

namespace bootferry::fuzz {

class DiskImage {
public:
    // size: in bytes; a place is counted from the beginning, or from the end where its highest bit is set.
    DiskImage(FuzzInput& input, std::uint64_t size)
        : fd_(::memfd_create("disk", MFD_CLOEXEC | MFD_ALLOW_SEALING)), size_(size) {
        require(fd_ && ::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0);
        while (!input.empty()) {
            const auto place = input.number<std::uint32_t>();
            const auto bytes = input.piece();
            const std::uint64_t distance = (place & ~fromEnd) % size;
            write((place & fromEnd) != 0 ? size - 1 - distance : distance, bytes);
        }
    }

    [[nodiscard]] const UniqueFd& fd() const { return fd_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    [[nodiscard]] std::string read(std::uint64_t offset, std::size_t count) const {
        std::string bytes(count, '\0');
        require(::pread(fd_.get(), bytes.data(), count, static_cast<off_t>(offset)) >= 0);
        return bytes;
    }
    void write(std::uint64_t offset, std::string_view bytes) const {
        const auto count = std::min<std::uint64_t>(bytes.size(), size_ - offset);
        require(::pwrite(fd_.get(), bytes.data(), count, static_cast<off_t>(offset)) >= 0);
    }

private:
    static constexpr std::uint32_t fromEnd = 1U << 31U;

    UniqueFd fd_;
    std::uint64_t size_;
};

} // namespace bootferry::fuzz
