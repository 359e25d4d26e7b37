// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encrypted_image.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "luks_device.h"
#include "passphrase.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr const char* kiwisProfile = "/.profile";
constexpr std::size_t emptyKeyBytes = 32;

} // namespace

bool isEncrypted(const Contents& contents) {
    return contents.type == "crypto_LUKS";
}

bool hasEmptyPassphrase(std::string_view profile) {
    const auto lines = linesOf(profile);
    return std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
        return line == "kiwi_luks_empty_passphrase='true'" || line == "kiwi_luks_empty_passphrase=true";
    });
}

OpenCryptDevice openEncryptedImage(const std::string& device, const std::string& name,
                                   const std::string& mapped) {
    requireAbility(decrypting); // before anybody is asked
    if (hasEmptyPassphrase(readSmallFile(kiwisProfile).value_or(""))) {
        const Secret zeros(std::string(emptyKeyBytes, '\0'));
        if (auto opened = openLuks(device, mapped, zeros, Access::ReadOnly)) {
            return std::move(*opened);
        }
    }
    PassphraseSource source(fmt::format("{}, which is encrypted", name), "the image cannot be read");
    for (;;) {
        if (auto opened = openLuks(device, mapped, source.next(), Access::ReadOnly)) {
            return std::move(*opened);
        }
    }
}

} // namespace bootferry
