// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a worker that uses the network puts a checksum list or its signature: memory of a fixed size,
// which it can neither enlarge nor shorten. What is in it counts when the worker has ended, as a copy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prepared_target.h"

namespace bootferry {

class ListMemory {
public:
    // A distribution's list of all its images has some hundred KiB.
    static constexpr std::uint64_t largest = std::uint64_t{1} << 20U;

    ListMemory(); // throws Error(Io)

    [[nodiscard]] const PreparedTarget& target() const { return target_; }
    [[nodiscard]] std::string read(std::uint64_t size) const; // the first bytes; throws Error(Io)

private:
    PreparedTarget target_;
};

} // namespace bootferry
