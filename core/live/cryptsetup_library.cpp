// SPDX-License-Identifier: LGPL-2.1-or-later
// libdevmapper would wait for udev to report each change of a device. That needs udev rules that an initrd
// may not have, and without them it waits for ever. So its use of udev is switched off, and it makes the
// device node itself.
#include "cryptsetup_library.h"

#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "device_mapper.h"
#include "errors.h"
#include "live_image.h"
#include "text.h"

namespace bootferry {

#if BOOTFERRY_VERITY
namespace {

constexpr const char* libraryName = "libcryptsetup.so.12"; // of all versions since 2.0

} // namespace

template <typename Function>
void CryptsetupLibrary::find(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(::dlsym(handle_, name)); // as POSIX has it
    if (function == nullptr) {
        throw Error(ErrorCode::Unsupported, fmt::format("{} has no {}", libraryName, name));
    }
}

CryptsetupLibrary::CryptsetupLibrary(const Ability& ability) {
    ::setenv("DM_DISABLE_UDEV", "1", 1); // NOLINT(concurrency-mt-unsafe): one thread
    handle_ = ::dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) {
        const char* const reason = ::dlerror(); // NOLINT(concurrency-mt-unsafe): one thread
        throw Error(ErrorCode::Unsupported,
                    fmt::format("this initrd cannot {}: {} cannot be loaded: {} (dracut installs it, and "
                                "what it needs, with {}=\"yes\" in dracut.conf)",
                                ability.action, libraryName,
                                reason != nullptr ? reason : "no reason is known", ability.dracutOption));
    }
    find(init, "crypt_init");
    find(initDataDevice, "crypt_init_data_device");
    find(setLogCallback, "crypt_set_log_callback");
    find(load, "crypt_load");
    find(cipher, "crypt_get_cipher");
    find(cipherMode, "crypt_get_cipher_mode");
    find(persistentFlags, "crypt_persistent_flags_get");
    find(format, "crypt_format");
    find(pbkdfDefault, "crypt_get_pbkdf_default");
    find(setPbkdf, "crypt_set_pbkdf_type");
    find(addKeyslot, "crypt_keyslot_add_by_volume_key");
    find(activateByPassphrase, "crypt_activate_by_passphrase");
    find(activateByKey, "crypt_activate_by_volume_key");
    find(deactivate, "crypt_deactivate_by_name");
    find(free, "crypt_free");
}

CryptDevice::CryptDevice(const CryptsetupLibrary& library, const std::string& device) : library_(library) {
    library_.setLogCallback(nullptr, &CryptDevice::log, this); // for the first call, which has no device yet
    begin(library_.init(&device_, device.c_str()));
}

CryptDevice::CryptDevice(const CryptsetupLibrary& library, const std::string& device,
                         const std::string& dataDevice)
    : library_(library) {
    library_.setLogCallback(nullptr, &CryptDevice::log, this);
    begin(library_.initDataDevice(&device_, device.c_str(), dataDevice.c_str()));
}

void CryptDevice::begin(int result) {
    if (result < 0) { // no destructor will run
        library_.setLogCallback(nullptr, nullptr, nullptr);
    }
    check(result);
    library_.setLogCallback(device_, &CryptDevice::log, this);
}

CryptDevice::~CryptDevice() {
    library_.setLogCallback(nullptr, nullptr, nullptr);
    library_.free(device_);
}

void CryptDevice::log(int level, const char* message, void* self) {
    if (level == CRYPT_LOG_ERROR) {
        static_cast<CryptDevice*>(self)->said_ = trimmed(message);
    }
}

void CryptDevice::check(int result) const {
    if (result < 0) {
        constexpr std::size_t longest = 300;
        throw Error(ErrorCode::Io, said_.empty() ? errnoText(-result) : printable(said_, longest));
    }
}

// The node that libdevmapper made is gone with the deferred removal; the kernel's own stays as long as the
// device.
OpenCryptDevice CryptDevice::open(const std::string& name) const {
    const auto node = "/dev/mapper/" + name;
    OpenCryptDevice device;
    device.fd.reset(::open(node.c_str(), O_RDONLY | O_CLOEXEC));
    const int failure = errno;
    check(library_.deactivate(device_, name.c_str(), CRYPT_DEACTIVATE_DEFERRED));
    if (!device.fd) {
        throwErrno(failure, fmt::format("opening '{}'", node));
    }
    struct stat status {};
    checkErrno(::fstat(device.fd.get(), &status), fmt::format("looking at '{}'", node));
    device.path = fmt::format("/dev/dm-{}", minor(status.st_rdev));
    return device;
}

void requireAbility(const Ability& ability) {
    const CryptsetupLibrary library(ability);
    if (!hasDeviceMapperTarget(ability.target)) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("this kernel cannot {}: the module 'dm_{}' is not in the initrd ({}=\"yes\" "
                                "in dracut.conf installs it)",
                                ability.action, ability.target, ability.dracutOption));
    }
}

#else

void requireAbility(const Ability& ability) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("this bootferry cannot {}: it was built without libcryptsetup", ability.action));
}

#endif

} // namespace bootferry
