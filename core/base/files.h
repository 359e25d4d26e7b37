// SPDX-License-Identifier: LGPL-2.1-or-later
// Small files, whole: read with a cap (everything sized from outside has one), written so that a reader sees
// either the old text or the new one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace bootferry {

// The file's text; nothing where it does not exist. Throws Error(Io) for other failures, Error(TooLarge) past
// cap.
[[nodiscard]] std::optional<std::string> readSmallFile(const std::string& path, std::size_t cap = 1U << 20U);

// Writes beside path, syncs nothing (these files live in /run), renames over it. Creates parent folders
// (0755).
void writeFileAtomically(const std::string& path, std::string_view text, mode_t mode = 0644);

// /etc/initrd-release exists (systemd's own test, see its docs/INITRD_INTERFACE).
[[nodiscard]] bool runningInInitrd();

} // namespace bootferry
