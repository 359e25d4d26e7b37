// SPDX-License-Identifier: LGPL-2.1-or-later
// A device or file that is read again to verify it. Devices are read past the page cache (O_DIRECT), to
// verify the bytes on the medium and not those in memory. Reading continues after an unreadable range; all
// such ranges are reported.
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
    // If the disk has partitions behind the image: the checksum without their entries in the partition table,
    // which were added after the deployment, for example for the partition for changes.
    std::optional<Checksum> withoutLaterPartitions;
    std::optional<Checksum> padded;    // with the padding; nullopt: none is asked for, or it cannot be read
    std::vector<ByteRange> unreadable; // if not empty, the checksums are invalid
    int errnoValue = 0;
};

class Medium {
public:
    // Throws Error as fileErrorCode() has it, and TargetRefused: it must be a block device or a regular file.
    explicit Medium(std::string path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const UniqueFd& fd() const { return fd_; }
    [[nodiscard]] std::uint64_t size() const { return size_; } // of the whole medium
    [[nodiscard]] bool isDevice() const { return device_.has_value(); }
    [[nodiscard]] std::optional<dev_t> device() const { return device_; }

    // Up to `size` bytes from the beginning. Throws Error(Io).
    [[nodiscard]] std::vector<std::byte> head(std::size_t size) const;

    // Reads the first `size` bytes, and the `padding` bytes behind them, which may belong to the image or
    // not: they end at size() at most, and at the next multiple of 4096. progressed: called with the bytes
    // read so far. Throws Error(Io).
    [[nodiscard]] MediumDigest digest(const std::string& algorithm, std::uint64_t size, std::uint64_t padding,
                                      const std::function<void(std::uint64_t)>& progressed) const;

private:
    std::string path_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
    std::uint32_t blockSize_ = 512;
    std::optional<dev_t> device_;
};

} // namespace bootferry
