// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verity_device.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"

namespace bootferry {

#if BOOTFERRY_VERITY
namespace {

// With a hyphen it would be what LVM calls the volume "root" of a group "bootferry".
constexpr const char* deviceName = "bootferry_root";

struct Flag {
    std::string_view option;
    std::uint32_t flag;
};
constexpr std::array flagsOfOptions{
    Flag{"restart-on-corruption", CRYPT_ACTIVATE_RESTART_ON_CORRUPTION},
    Flag{"panic-on-corruption", CRYPT_ACTIVATE_PANIC_ON_CORRUPTION},
    Flag{"ignore-zero-blocks", CRYPT_ACTIVATE_IGNORE_ZERO_BLOCKS},
    Flag{"check-at-most-once", CRYPT_ACTIVATE_CHECK_AT_MOST_ONCE},
};

std::uint32_t flagsOf(const std::vector<std::string>& options) {
    std::uint32_t flags = CRYPT_ACTIVATE_READONLY;
    for (const auto& option : options) {
        for (const auto& known : flagsOfOptions) {
            flags |= known.option == option ? known.flag : 0;
        }
    }
    return flags;
}

std::string keyOf(const std::string& hex) {
    std::string key;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        key += static_cast<char>(parseNumber<unsigned>(std::string_view(hex).substr(at, 2), 16).value_or(0));
    }
    return key;
}

} // namespace

OpenCryptDevice activateVerity(const VerityDevices& devices, const VerityTree& tree,
                               const std::string& rootHash, const std::vector<std::string>& options) {
    requireAbility(verifying);
    const CryptsetupLibrary library(verifying);
    try {
        const CryptDevice crypt(library, devices.tree, devices.data);
        crypt_params_verity parameters{};
        parameters.hash_area_offset = devices.offset;
        crypt.check(library.load(crypt.get(), CRYPT_VERITY, &parameters));
        const auto key = keyOf(rootHash);
        const int result =
            library.activateByKey(crypt.get(), deviceName, key.data(), key.size(), flagsOf(options));
        if (result == -EEXIST) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("a verified root is active already: '/dev/mapper/{}'", deviceName));
        }
        crypt.check(result);
        return crypt.open(deviceName);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::TargetRefused) {
            throw;
        }
        throw Error(error.code(),
                    fmt::format("the kernel rejects the hash tree ({}, data blocks of {} "
                                "bytes, hash blocks of {}): {}",
                                tree.algorithm, tree.dataBlockSize, tree.hashBlockSize, error.what()));
    }
}

#else

OpenCryptDevice activateVerity(const VerityDevices& /*devices*/, const VerityTree& /*tree*/,
                               const std::string& /*rootHash*/, const std::vector<std::string>& /*options*/) {
    requireAbility(verifying);
    return {};
}

#endif

} // namespace bootferry
