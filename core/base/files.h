// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads and writes small files as a whole: reading is limited in size, writing is atomic (a reader sees
// either the old text or the new one).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "errors.h"

namespace bootferry {

// The class of a failure to use a file or device that a person has named: one for each errno, so that a
// missing file, for example, is NotFound for every option of every program. Io if the errno does not say
// more.
[[nodiscard]] ErrorCode fileErrorCode(int errnoValue);

// The file's text, nullopt if the file does not exist. Throws Error(Io), and Error(TooLarge) if the file is
// larger than cap (bytes). A pipe (such as a shell's process substitution) or a terminal is read up to its
// end; Error(Timeout) if nothing arrives for `patience`. Other devices are not opened, since that alone may
// have an effect, as with a watchdog: Error(TargetRefused).
[[nodiscard]] std::optional<std::string>
readSmallFile(const std::string& path, std::size_t cap = 1U << 20U,
              std::chrono::milliseconds patience = std::chrono::minutes(1));

// Writes all bytes to the descriptor. Throws Error(Io) with `what`, such as "writing 'PATH'".
void writeAll(int fd, std::span<const std::byte> bytes, std::string_view what);

// Writes PATH.new and renames it to path. Creates parent folders (0755). Does not sync, since these files are
// in /run.
void writeFileAtomically(const std::string& path, std::string_view text, mode_t mode = 0644);

// Does /etc/initrd-release exist? This is also systemd's test, see its docs/INITRD_INTERFACE.
[[nodiscard]] bool runningInInitrd();

} // namespace bootferry
