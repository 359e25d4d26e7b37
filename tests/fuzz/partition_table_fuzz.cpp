// SPDX-License-Identifier: LGPL-2.1-or-later
// Any MBR and GPT on a disk with an image: what is found lies on the disk, and the space for a partition for
// changes begins behind the image and every partition and ends before the end of the disk. Looking for it
// writes nothing.

#include <fcntl.h>

#include "disk_image.h"
#include "disk_partitions.h"
#include "errors.h"
#include "gpt_crc.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t diskSize = std::uint64_t{4} << 20U;
constexpr std::uint64_t alignment = std::uint64_t{1} << 20U;

template <typename Number>
Number numberAt(const std::string& bytes, std::size_t at) {
    return fuzz::FuzzInput(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at, sizeof(Number))
        .number<Number>();
}

void put(std::string& bytes, std::size_t at, std::uint32_t number) {
    for (unsigned i = 0; i < 4; ++i) {
        bytes[at + i] = static_cast<char>(number >> 8U * i);
    }
}

// A wrong checksum hides everything behind it (UEFI specification, "GUID Partition Table (GPT) Disk Layout").
void mendChecksums(const fuzz::DiskImage& disk, std::uint64_t place) {
    auto header = disk.read(place, sector);
    if (!header.starts_with("EFI PART")) {
        return;
    }
    // libfdisk asks for as much memory as a valid header says.
    const auto count = numberAt<std::uint32_t>(header, 80) % 1024;
    const auto size = numberAt<std::uint32_t>(header, 84) % 1024;
    put(header, 80, count);
    put(header, 84, size);
    const auto entries = numberAt<std::uint64_t>(header, 72) % (diskSize / sector) * sector;
    put(header, 88, crc32(disk.read(entries, std::size_t{count} * size)));
    put(header, 16, 0);
    const auto length = std::min<std::uint32_t>(numberAt<std::uint32_t>(header, 12), sector);
    put(header, 16, crc32(std::string_view(header).substr(0, length)));
    disk.write(place, header);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const bool mends = input.flag();
    const auto imageEnd = input.number<std::uint32_t>() % (diskSize + sector);
    const auto smallest = input.number<std::uint32_t>() % diskSize;
    const fuzz::DiskImage disk(input, diskSize);
    if (mends) {
        mendChecksums(disk, sector);
        mendChecksums(disk, diskSize - sector);
    }
    require(::fcntl(disk.fd().get(), F_ADD_SEALS, F_SEAL_WRITE) == 0); // a write fails with EPERM
    try {
        const auto partitions = tablePartitions(disk.fd(), "disk");
        for (const auto& partition : partitions) {
            require(partition.number > 0 && partition.size > 0);
            require(partition.begin < diskSize && partition.size <= diskSize - partition.begin);
        }
        const auto space = FreeSpace::behind(disk.fd(), "disk", imageEnd, smallest);
        if (!space) {
            return 0;
        }
        require(space->begin() >= imageEnd && space->begin() % alignment == 0);
        require(space->size() > 0 && space->size() >= smallest);
        require(space->begin() < diskSize && space->size() <= diskSize - space->begin());
        for (const auto& partition : partitions) {
            require(partition.begin + partition.size <= space->begin());
        }
    } catch (const Error& error) {
        require(*error.what() != '\0' && error.code() == ErrorCode::Io && error.errnoValue() != EPERM);
    }
    return 0;
}
