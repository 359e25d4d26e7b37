// SPDX-License-Identifier: LGPL-2.1-or-later
// With what a squashfs or erofs is compressed. A kernel without that decompressor refuses the mount with the
// same error as for a damaged image, so the message names the compression.
#pragma once

#include <string>

namespace bootferry {

// fd: open for reading; type: "squashfs" or "erofs". "xz", or "lz4, zstd"; empty if the image does not say.
[[nodiscard]] std::string compressionOf(int fd, const std::string& type);

} // namespace bootferry
