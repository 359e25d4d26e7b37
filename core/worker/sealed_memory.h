// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes in memory of the kernel's, to be handed over as a descriptor: no name, no disk, and nobody can change
// or shorten them any more, the receiver included (memfd_create(2), "File sealing").
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "handles.h"

namespace bootferry {

// name: for /proc/PID/fd alone. Throws Error(Io).
[[nodiscard]] UniqueFd sealedMemory(const char* name, std::span<const std::byte> contents);
[[nodiscard]] std::vector<std::byte> readMemory(int fd); // from its beginning; throws Error(Io)

} // namespace bootferry
