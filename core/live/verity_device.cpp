// SPDX-License-Identifier: LGPL-2.1-or-later
// libdevmapper would wait for udev to report each change of a device. That needs udev rules that an initrd
// may not have, and without them it waits for ever. So its use of udev is switched off, and it makes the
// device node itself.
#include "verity_device.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "build_config.h"
#include "errors.h"
#include "kernel_modules.h"
#include "live_image.h"
#include "text.h"

#if BOOTFERRY_VERITY
#include <libcryptsetup.h>
#endif

namespace bootferry {

#if BOOTFERRY_VERITY
namespace {

// With a hyphen it would be what LVM calls the volume "root" of a group "bootferry".
constexpr const char* deviceName = "bootferry_root";
constexpr const char* devicePath = "/dev/mapper/bootferry_root";
constexpr const char* libraryName = "libcryptsetup.so.12"; // of all versions since 2.0
constexpr const char* moduleName = "dm_verity";

// Never unloaded: the process ends soon.
class Library {
public:
    Library() {
        ::setenv("DM_DISABLE_UDEV", "1", 1); // NOLINT(concurrency-mt-unsafe): one thread
        handle_ = ::dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
        if (handle_ == nullptr) {
            const char* const reason = ::dlerror(); // NOLINT(concurrency-mt-unsafe): one thread
            throw Error(
                ErrorCode::Unsupported,
                fmt::format(
                    "this initrd cannot verify an image as it is read: {} cannot be loaded: {} (dracut "
                    "installs it, and what it needs, with bootferry_verity=\"yes\" in dracut.conf)",
                    libraryName, reason != nullptr ? reason : "no reason is known"));
        }
        find(initDataDevice, "crypt_init_data_device");
        find(setLogCallback, "crypt_set_log_callback");
        find(load, "crypt_load");
        find(activate, "crypt_activate_by_volume_key");
        find(deactivate, "crypt_deactivate_by_name");
        find(free, "crypt_free");
    }

    decltype(&crypt_init_data_device) initDataDevice = nullptr;
    decltype(&crypt_set_log_callback) setLogCallback = nullptr;
    decltype(&crypt_load) load = nullptr;
    decltype(&crypt_activate_by_volume_key) activate = nullptr;
    decltype(&crypt_deactivate_by_name) deactivate = nullptr;
    decltype(&crypt_free) free = nullptr;

private:
    template <typename Function>
    void find(Function& function, const char* name) const {
        function = reinterpret_cast<Function>(::dlsym(handle_, name)); // as POSIX has it
        if (function == nullptr) {
            throw Error(ErrorCode::Unsupported, fmt::format("{} has no {}", libraryName, name));
        }
    }

    void* handle_ = nullptr;
};

// One device as libcryptsetup handles it, with what it says about failures.
class Crypt {
public:
    Crypt(const Library& library, const VerityDevices& devices) : library_(library) {
        library_.setLogCallback(nullptr, &Crypt::log, this); // for the first call, which has no device yet
        const int result = library_.initDataDevice(&device_, devices.tree.c_str(), devices.data.c_str());
        if (result < 0) { // no destructor will run
            library_.setLogCallback(nullptr, nullptr, nullptr);
        }
        check(result);
        library_.setLogCallback(device_, &Crypt::log, this);
    }
    ~Crypt() {
        library_.setLogCallback(nullptr, nullptr, nullptr);
        library_.free(device_);
    }
    Crypt(const Crypt&) = delete;
    Crypt& operator=(const Crypt&) = delete;

    void load(std::uint64_t offset) {
        crypt_params_verity parameters{};
        parameters.hash_area_offset = offset;
        check(library_.load(device_, CRYPT_VERITY, &parameters));
    }

    void activate(const std::string& key, std::uint32_t flags) {
        const int result = library_.activate(device_, deviceName, key.data(), key.size(), flags);
        if (result == -EEXIST) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("a verified root is active already: '{}'", devicePath));
        }
        check(result);
    }

    void removeAfterLastUser() { check(library_.deactivate(device_, deviceName, CRYPT_DEACTIVATE_DEFERRED)); }

private:
    static void log(int level, const char* message, void* self) {
        if (level == CRYPT_LOG_ERROR) {
            static_cast<Crypt*>(self)->said_ = trimmed(message);
        }
    }

    void check(int result) {
        if (result < 0) {
            constexpr std::size_t longest = 300;
            throw Error(ErrorCode::Io, said_.empty() ? errnoText(-result) : printable(said_, longest));
        }
    }

    const Library& library_;
    crypt_device* device_ = nullptr;
    std::string said_;
};

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

// A kernel with dm_verity built in may not be known to libkmod, so only the activation shows.
bool loadVerityModule() {
    try {
        return loadKernelModule(moduleName);
    } catch (const Error&) {
        return false;
    }
}

// The node that libdevmapper made is gone with removeAfterLastUser(); the kernel's own stays as long as the
// device.
OpenVerityDevice open(Crypt& crypt) {
    OpenVerityDevice device;
    device.fd.reset(::open(devicePath, O_RDONLY | O_CLOEXEC));
    const int failure = errno;
    crypt.removeAfterLastUser();
    if (!device.fd) {
        throwErrno(failure, fmt::format("opening '{}'", devicePath));
    }
    struct stat status {};
    checkErrno(::fstat(device.fd.get(), &status), fmt::format("looking at '{}'", devicePath));
    device.path = fmt::format("/dev/dm-{}", minor(status.st_rdev));
    return device;
}

} // namespace

OpenVerityDevice activateVerity(const VerityDevices& devices, const VerityTree& tree,
                                const std::string& rootHash, const std::vector<std::string>& options) {
    const Library library;
    const bool hasModule = loadVerityModule();
    try {
        Crypt crypt(library, devices);
        crypt.load(devices.offset);
        crypt.activate(keyOf(rootHash), flagsOf(options));
        return open(crypt);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::TargetRefused) {
            throw;
        }
        if (!hasModule) {
            throw Error(ErrorCode::Unsupported,
                        fmt::format("this kernel cannot verify an image as it is read: the module '{}' is "
                                    "not in the initrd ({})",
                                    moduleName, error.what()));
        }
        throw Error(error.code(),
                    fmt::format("the kernel rejects the hash tree ({}, data blocks of {} "
                                "bytes, hash blocks of {}): {}",
                                tree.algorithm, tree.dataBlockSize, tree.hashBlockSize, error.what()));
    }
}

#else

OpenVerityDevice activateVerity(const VerityDevices& /*devices*/, const VerityTree& /*tree*/,
                                const std::string& /*rootHash*/,
                                const std::vector<std::string>& /*options*/) {
    throw Error(ErrorCode::Unsupported,
                "this bootferry cannot verify an image as it is read: it was built without libcryptsetup");
}

#endif

} // namespace bootferry
