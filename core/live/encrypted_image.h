// SPDX-License-Identifier: LGPL-2.1-or-later
// A root image that is encrypted (LUKS), as KIWI makes them with its attribute luks=: the file that the root
// image usually is, or the file system image within it.
#pragma once

#include <string>
#include <string_view>

#include "cryptsetup_library.h"
#include "live_image.h"

namespace bootferry {

inline constexpr Ability decrypting{"open an encrypted image", "bootferry_encryption", "crypt"};

[[nodiscard]] bool isEncrypted(const Contents& contents);

// Opens the image on the device read-only. name: for people; mapped: below /dev/mapper. Waits for a
// passphrase. Throws Error(Unsupported, Auth, Io, TargetRefused, Cancelled).
[[nodiscard]] OpenCryptDevice openEncryptedImage(const std::string& device, const std::string& name,
                                                 const std::string& mapped);

// Does the profile of an image's initrd (/.profile) say that KIWI encrypted it with an empty passphrase? The
// key is then 32 zero bytes.
[[nodiscard]] bool hasEmptyPassphrase(std::string_view profile);

} // namespace bootferry
