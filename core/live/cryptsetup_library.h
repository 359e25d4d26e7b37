// SPDX-License-Identifier: LGPL-2.1-or-later
// libcryptsetup, loaded when a boot asks for verification or encryption: no other boot needs it, and an
// initrd may lack it. requireAbility() is for before a disk is overwritten, when nothing is lost yet.
#pragma once

#include <cstdint>
#include <string>

#include "build_config.h"
#include "handles.h"

#if BOOTFERRY_VERITY
#include <libcryptsetup.h>
#endif

namespace bootferry {

// What a boot may ask of an initrd.
struct Ability {
    const char* action;       // "verify an image as it is read"
    const char* dracutOption; // of dracut.conf, which installs what is needed
    const char* target;       // of the kernel's device-mapper
};
inline constexpr Ability verifying{"verify an image as it is read", "bootferry_verity", "verity"};
inline constexpr Ability encrypting{"encrypt the changes that are kept", "bootferry_encryption", "crypt"};

// Throws Error(Unsupported) with what is missing: the library, or the kernel's module.
void requireAbility(const Ability& ability);

// The kernel removes the device when its last user, this descriptor or a mount, is gone.
struct OpenCryptDevice {
    std::string path;
    UniqueFd fd; // open for reading
};

#if BOOTFERRY_VERITY

// Never unloaded: the process ends soon.
class CryptsetupLibrary {
public:
    explicit CryptsetupLibrary(const Ability& ability); // throws Error(Unsupported)

    decltype(&crypt_init) init = nullptr;
    decltype(&crypt_init_data_device) initDataDevice = nullptr;
    decltype(&crypt_set_log_callback) setLogCallback = nullptr;
    decltype(&crypt_load) load = nullptr;
    decltype(&crypt_get_cipher) cipher = nullptr;
    decltype(&crypt_get_cipher_mode) cipherMode = nullptr;
    decltype(&crypt_persistent_flags_get) persistentFlags = nullptr;
    decltype(&crypt_format) format = nullptr;
    decltype(&crypt_get_pbkdf_default) pbkdfDefault = nullptr;
    decltype(&crypt_set_pbkdf_type) setPbkdf = nullptr;
    decltype(&crypt_keyslot_add_by_volume_key) addKeyslot = nullptr;
    decltype(&crypt_activate_by_passphrase) activateByPassphrase = nullptr;
    decltype(&crypt_activate_by_volume_key) activateByKey = nullptr;
    decltype(&crypt_deactivate_by_name) deactivate = nullptr;
    decltype(&crypt_free) free = nullptr;

private:
    template <typename Function>
    void find(Function& function, const char* name) const;

    void* handle_ = nullptr;
};

// One device as libcryptsetup handles it, with what it says about failures.
class CryptDevice {
public:
    CryptDevice(const CryptsetupLibrary& library, const std::string& device);
    CryptDevice(const CryptsetupLibrary& library, const std::string& device, const std::string& dataDevice);
    ~CryptDevice();
    CryptDevice(const CryptDevice&) = delete;
    CryptDevice& operator=(const CryptDevice&) = delete;

    [[nodiscard]] crypt_device* get() const { return device_; }

    // Throws Error(Io) with what the library said about a negative result.
    void check(int result) const;

    // Opens the device of this name, which was just activated. From now on, its last user ends it.
    [[nodiscard]] OpenCryptDevice open(const std::string& name) const;

private:
    static void log(int level, const char* message, void* self);
    void begin(int result);

    const CryptsetupLibrary& library_;
    crypt_device* device_ = nullptr;
    std::string said_;
};

#endif

} // namespace bootferry
