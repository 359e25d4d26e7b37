// SPDX-License-Identifier: LGPL-2.1-or-later
#include "luks_device.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <sys/random.h>
#include <sys/sysinfo.h>

#include "errors.h"

namespace bootferry {

#if BOOTFERRY_VERITY
namespace {

constexpr std::size_t keyBytes = 64; // of aes-xts-plain64, two keys of 256 bits

// Early in a boot /dev/urandom may not be seeded yet; getrandom(2) waits until it is.
Secret makeKey() {
    std::string key(keyBytes, '\0');
    if (const auto made = TEMP_FAILURE_RETRY(::getrandom(key.data(), key.size(), 0));
        made != static_cast<ssize_t>(key.size())) {
        throwErrno(made < 0 ? errno : EIO, "making a key");
    }
    return Secret(std::move(key));
}

// libcryptsetup takes half of the machine's memory, of which an initrd has not that much free.
std::uint32_t limitedMemory(std::uint32_t kib) {
    struct sysinfo memory {};
    if (::sysinfo(&memory) < 0) {
        return kib;
    }
    constexpr std::uint32_t smallest = 32768;
    const auto free = std::uint64_t{memory.freeram} * memory.mem_unit / 1024;
    return std::min(kib, static_cast<std::uint32_t>(std::max<std::uint64_t>(free / 4, smallest)));
}

void limitMemory(const CryptsetupLibrary& library, const CryptDevice& crypt) {
    const crypt_pbkdf_type* const usual = library.pbkdfDefault(CRYPT_LUKS2);
    if (usual == nullptr || usual->max_memory_kb == 0) {
        return;
    }
    crypt_pbkdf_type limited = *usual;
    limited.max_memory_kb = limitedMemory(usual->max_memory_kb);
    crypt.check(library.setPbkdf(crypt.get(), &limited));
}

bool isNull(const char* cipher) {
    return cipher == nullptr || std::string_view(cipher).find("null") != std::string_view::npos;
}

// The header is not authenticated: the same passphrase opens one that somebody has edited.
void refuseEditedHeader(const CryptsetupLibrary& library, const CryptDevice& crypt) {
    if (isNull(library.cipher(crypt.get())) || isNull(library.cipherMode(crypt.get()))) {
        throw Error(ErrorCode::Io, "its header says that its contents are not encrypted: somebody may have "
                                   "changed it");
    }
    std::uint32_t requirements = 0; // LUKS1 has none
    if (library.persistentFlags(crypt.get(), CRYPT_FLAGS_REQUIREMENTS, &requirements) == 0 &&
        requirements != 0) {
        throw Error(ErrorCode::Io, "its header says that it is being encrypted anew, parts of it perhaps not "
                                   "yet: finish that with cryptsetup reencrypt");
    }
}

} // namespace

Secret formatLuks(const std::string& device, const std::string& label, const Secret& passphrase) {
    requireAbility(encrypting);
    auto key = makeKey();
    const CryptsetupLibrary library(encrypting);
    try {
        const CryptDevice crypt(library, device);
        crypt_params_luks2 parameters{};
        parameters.label = label.c_str();
        parameters.sector_size = 512; // such a device can be copied to a disk with any sectors
        crypt.check(library.format(crypt.get(), CRYPT_LUKS2, "aes", "xts-plain64", nullptr, key.text().data(),
                                   key.text().size(), &parameters));
        limitMemory(library, crypt);
        const auto& text = passphrase.text();
        crypt.check(library.addKeyslot(crypt.get(), CRYPT_ANY_SLOT, nullptr, 0, text.data(), text.size()));
        return key;
    } catch (Error& error) {
        error.addContext(fmt::format("encrypting '{}'", device));
        throw;
    }
}

OpenCryptDevice openNewLuks(const std::string& device, const std::string& name, const Secret& key) {
    const CryptsetupLibrary library(encrypting);
    try {
        const CryptDevice crypt(library, device);
        crypt.check(library.load(crypt.get(), CRYPT_LUKS2, nullptr));
        crypt.check(
            library.activateByKey(crypt.get(), name.c_str(), key.text().data(), key.text().size(), 0));
        return crypt.open(name);
    } catch (Error& error) {
        error.addContext(fmt::format("opening the new encrypted '{}'", device));
        throw;
    }
}

std::optional<OpenCryptDevice> openLuks(const std::string& device, const std::string& name,
                                        const Secret& passphrase, Access access) {
    const CryptsetupLibrary library(encrypting);
    try {
        const CryptDevice crypt(library, device);
        crypt.check(library.load(crypt.get(), CRYPT_LUKS, nullptr));
        refuseEditedHeader(library, crypt);
        requireAbility(encrypting);
        const auto& text = passphrase.text();
        const int result =
            library.activateByPassphrase(crypt.get(), name.c_str(), CRYPT_ANY_SLOT, text.data(), text.size(),
                                         access == Access::ReadOnly ? CRYPT_ACTIVATE_READONLY : 0);
        if (result == -EPERM) {
            return std::nullopt;
        }
        if (result == -EEXIST) {
            throw Error(ErrorCode::TargetRefused, fmt::format("there is a '/dev/mapper/{}' already", name));
        }
        crypt.check(result);
        return crypt.open(name);
    } catch (Error& error) {
        error.addContext(fmt::format("opening the encrypted '{}'", device));
        throw;
    }
}

#else

Secret formatLuks(const std::string& /*device*/, const std::string& /*label*/, const Secret& /*passphrase*/) {
    requireAbility(encrypting);
    return Secret({});
}

OpenCryptDevice openNewLuks(const std::string& /*device*/, const std::string& /*name*/,
                            const Secret& /*key*/) {
    requireAbility(encrypting);
    return {};
}

std::optional<OpenCryptDevice> openLuks(const std::string& /*device*/, const std::string& /*name*/,
                                        const Secret& /*passphrase*/, Access /*access*/) {
    requireAbility(encrypting);
    return std::nullopt;
}

#endif

} // namespace bootferry
