// SPDX-License-Identifier: LGPL-2.1-or-later
// What a program writes and when it flushes, in the manner of dm-log-writes(8): the test's own write(2),
// pwrite(2), fsync(2) and fdatasync(2) stand before the C library's, for libraries too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bootferry {

using Bytes = std::vector<std::byte>;

struct Write {
    std::uint64_t offset;
    Bytes bytes;
};

// What was written between two flushes may land in any order.
struct WriteLog {
    bool recording = false;
    std::vector<std::vector<Write>> epochs{{}};
};

[[nodiscard]] WriteLog& writeLog();

// A part of a write.
inline void land(Bytes& disk, const Write& write, std::size_t begin, std::size_t end) {
    std::copy(write.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              write.bytes.begin() + static_cast<std::ptrdiff_t>(end),
              disk.begin() + static_cast<std::ptrdiff_t>(write.offset + begin));
}

// What may have landed of an epoch's writes: each whole, not at all, or from some sector to another.
template <typename Random>
void landSome(Bytes& disk, const std::vector<Write>& writes, std::size_t sector, Random& random) {
    for (const auto& write : writes) {
        const auto sectors = (write.bytes.size() + sector - 1) / sector;
        const auto begin = random() % 3 == 0 ? random() % sectors : 0;
        const auto end = random() % 3 == 0 ? begin + random() % (sectors - begin + 1) : sectors;
        if (random() % 3 != 0 && end > begin) {
            land(disk, write, begin * sector, std::min(end * sector, write.bytes.size()));
        }
    }
}

} // namespace bootferry
