// SPDX-License-Identifier: LGPL-2.1-or-later
// The two ways in which a host takes bytes: read into a buffer, and splice through a pipe as soon as info
// offers it. The host prefers the second, so that what holds for a read is checked for a splice, too.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "attempt.h"
#include "handles.h"

namespace bootferry {

enum class Way { Read, Splice };

class Receiver {
public:
    // Borrows the attempt. pipeSize: bytes, instead of the usual size.
    explicit Receiver(Attempt& attempt, Way way = Way::Read, std::optional<int> pipeSize = std::nullopt);

    // As Attempt::read. Throws Fault if the pipe does not hold what splice returned, or nothing after a
    // failure.
    [[nodiscard]] std::size_t take(std::span<std::byte> into, std::optional<Failure>& failure);
    [[nodiscard]] const char* call() const {
        return splices_ ? "splice" : "read";
    } // the last one, or the first

private:
    Attempt& attempt_;
    Way way_;
    bool splices_ = false;
    UniqueFd readEnd_;
    UniqueFd writeEnd_;
};

} // namespace bootferry
