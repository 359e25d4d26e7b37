// SPDX-License-Identifier: LGPL-2.1-or-later
// An encrypted block device (LUKS), through libcryptsetup, as `cryptsetup luksFormat` and `open` make it.
#pragma once

#include <optional>
#include <string>

#include "cryptsetup_library.h"
#include "passphrase.h"

namespace bootferry {

enum class Access { ReadOnly, ReadWrite };

// Makes the block device a LUKS2 one, and returns its key. Trying the passphrase takes at most a part of the
// free memory of this machine. Throws Error(Unsupported, Io).
[[nodiscard]] Secret formatLuks(const std::string& device, const std::string& label,
                                const Secret& passphrase);

// Opens the same device, or a copy of it, by its key, without the work of trying a passphrase. name: below
// /dev/mapper. Throws Error(Unsupported, Io).
[[nodiscard]] OpenCryptDevice openNewLuks(const std::string& device, const std::string& name,
                                          const Secret& key);

// name: below /dev/mapper. nullopt: the passphrase is wrong; nothing has changed. Throws Error(Unsupported)
// as requireAbility() does, Error(TargetRefused) if there is such a name, Error(Io), also if the header says
// that not all contents are encrypted.
[[nodiscard]] std::optional<OpenCryptDevice> openLuks(const std::string& device, const std::string& name,
                                                      const Secret& passphrase, Access access);

} // namespace bootferry
