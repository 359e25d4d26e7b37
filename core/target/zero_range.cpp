// SPDX-License-Identifier: LGPL-2.1-or-later
// Written in pieces, so that a large range does not take as much memory.
#include "zero_range.h"

#include <algorithm>
#include <vector>

#include <unistd.h>

#include "errors.h"

namespace bootferry {

void zeroRange(const UniqueFd& fd, std::uint64_t begin, std::uint64_t size, const std::string& what) {
    constexpr std::uint64_t piece = std::uint64_t{1} << 20U;
    const std::vector<char> zeros(std::min(piece, size));
    while (size > 0) {
        const auto count = checkErrno(
            TEMP_FAILURE_RETRY(::pwrite(fd.get(), zeros.data(), std::min<std::size_t>(zeros.size(), size),
                                        static_cast<off_t>(begin))),
            what);
        begin += static_cast<std::uint64_t>(count);
        size -= static_cast<std::uint64_t>(count);
    }
}

} // namespace bootferry
