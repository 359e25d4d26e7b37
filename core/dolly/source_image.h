// SPDX-License-Identifier: LGPL-2.1-or-later
// The image to send: a file or block device whose size is fixed when it is opened. dolly sends the size after
// the last byte, so a file that shrinks or a read error must not look like the end of the image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "handles.h"

namespace bootferry::dolly {

class SourceImage {
public:
    // Throws Error as fileErrorCode() has it, and TargetRefused for what is neither a file nor a block
    // device.
    explicit SourceImage(const std::string& path);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    // The next bytes, as many as fit; none at the end. Throws Error(Io).
    [[nodiscard]] std::span<const std::byte> read(std::span<std::byte> into);

private:
    std::string path_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
    std::uint64_t position_ = 0;
};

} // namespace bootferry::dolly
