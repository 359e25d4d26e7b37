// SPDX-License-Identifier: LGPL-2.1-or-later
// A device or file that is read again to verify it: what is on the medium counts, not what the page cache
// still holds, so that devices are read past the cache (O_DIRECT). Places that cannot be read do not end the
// reading: all of them are named.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "digest.h"
#include "disk_survey.h"
#include "handles.h"

namespace bootferry {

struct MediumDigest {
    Checksum checksum;
    // Of a disk with partitions behind the image: the same without their entries in the partition table,
    // which are made when a partition for changes is added.
    std::optional<Checksum> withoutLaterPartitions;
    std::vector<ByteRange> unreadable; // then the checksums mean nothing
    int errnoValue = 0;
};

class Medium {
public:
    // Throws Error(NotFound, NotPermitted, Invalid, Io): it must be a block device or a regular file.
    explicit Medium(std::string path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const UniqueFd& fd() const { return fd_; }
    [[nodiscard]] std::uint64_t size() const { return size_; } // all of it
    [[nodiscard]] bool isDevice() const { return device_.has_value(); }
    [[nodiscard]] std::optional<dev_t> device() const { return device_; }

    // Up to so many bytes from the beginning. Throws Error(Io).
    [[nodiscard]] std::vector<std::byte> head(std::size_t size) const;

    // Reads the first `size` bytes, at most size(). told: called with the bytes read so far. Throws
    // Error(Io).
    [[nodiscard]] MediumDigest digest(const std::string& algorithm, std::uint64_t size,
                                      const std::function<void(std::uint64_t)>& told) const;

private:
    std::string path_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
    std::uint32_t blockSize_ = 512;
    std::optional<dev_t> device_;
};

} // namespace bootferry
