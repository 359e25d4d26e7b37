// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes in kernel memory, handed over as a descriptor: no name, no disk, and no process, not even the
// receiver, can change or shorten them (memfd_create(2), "File sealing").
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "handles.h"

namespace bootferry {

// name: only shown in /proc/PID/fd. Throws Error(Io).
[[nodiscard]] UniqueFd sealedMemory(const char* name, std::span<const std::byte> contents);

// Fills `into` with the first bytes of a file. Throws Error(Io) with `what`, also if it has fewer.
void readFromStart(int fd, std::span<std::byte> into, const char* what);

[[nodiscard]] std::vector<std::byte> readMemory(int fd); // from its beginning; throws Error(Io)

} // namespace bootferry
