// SPDX-License-Identifier: LGPL-2.1-or-later
// One libmount context per operation. The kernel frees a loop device when its last user closes it
// (autoclear). udev may still have it open, so the file system that holds the device's file can be busy for
// a moment after the one on the device is unmounted.
#include "mounts.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <libmount/libmount.h>
#include <spdlog/fmt/fmt.h>
#include <time.h>

#include "errors.h"
#include "live_image.h"
#include "log.h"
#include "loop_device.h"
#include "termination.h"

namespace bootferry {
namespace {

constexpr std::size_t longestPath = 4096; // of a file in an image, whose name is untrusted
constexpr int unmountAttempts = 50;
constexpr timespec unmountPause{.tv_sec = 0, .tv_nsec = 100'000'000};

struct ContextFree {
    void operator()(libmnt_context* context) const noexcept { mnt_free_context(context); }
};
struct TableUnref {
    void operator()(libmnt_table* table) const noexcept { mnt_unref_table(table); }
};
using Context = std::unique_ptr<libmnt_context, ContextFree>;
using Table = std::unique_ptr<libmnt_table, TableUnref>;

void checkMount(int result, const char* what) {
    if (result != 0) {
        throw Error(ErrorCode::Io, result < 0 ? -result : 0, what);
    }
}

Context makeContext(const std::string& target) {
    Context context(mnt_new_context());
    if (!context) {
        throw Error(ErrorCode::Io, ENOMEM, "preparing a mount");
    }
    checkMount(mnt_context_disable_helpers(context.get(), 1), "preparing a mount");
    checkMount(mnt_context_disable_mtab(context.get(), 1), "preparing a mount");
    checkMount(mnt_context_set_target(context.get(), target.c_str()), "preparing a mount");
    return context;
}

const char* hint(int errnoValue) {
    switch (errnoValue) {
    case EBUSY:
        return " (it, or a partition of it, is in use)";
    case EINVAL: // of most file systems, if their tables lie behind the end of the device
    case EIO:
    case EUCLEAN:
        return " (is it damaged or incomplete?)";
    default:
        return "";
    }
}

// Reports the system call's errno, or libmount's own message.
[[noreturn]] void throwFailure(const Context& context, int result, const std::string& what) {
    if (mnt_context_syscall_called(context.get()) == 1) {
        const int number = mnt_context_get_syscall_errno(context.get());
        throw Error(ErrorCode::Io, number, what + hint(number));
    }
    std::array<char, 512> words{};
    (void)mnt_context_get_excode(context.get(), result, words.data(), words.size());
    throw Error(ErrorCode::Io, fmt::format("{}: {}", what, printable(words.data(), words.size())));
}

// Returns 0 or an errno.
int unmount(const std::string& target) {
    const auto context = makeContext(target);
    const int result = mnt_context_umount(context.get());
    if (result == 0) {
        return 0;
    }
    return mnt_context_syscall_called(context.get()) == 1 ? mnt_context_get_syscall_errno(context.get())
                                                          : EINVAL;
}

void unmountWithRetries(const std::string& target) {
    for (int attempt = 1;; ++attempt) {
        const int failure = unmount(target);
        if (failure == 0) {
            return;
        }
        if (failure != EBUSY || attempt == unmountAttempts) {
            throwErrno(failure, "unmounting '" + target + "'");
        }
        (void)::nanosleep(&unmountPause, nullptr);
    }
}

std::string described(const MountRequest& request) {
    return fmt::format("mounting '{}'{} at '{}'", printable(request.source, longestPath),
                       request.type.empty() ? "" : " (" + request.type + ")", request.target);
}

OpenLoopDevice attached(const UniqueFd& file, const MountRequest& request) {
    try {
        return attachForMount(file, request.source);
    } catch (Error& error) {
        error.addContext(described(request));
        throw;
    }
}

} // namespace

std::string mountedAt(const std::string& folder) {
    std::error_code missing;
    const auto path = std::filesystem::canonical(folder, missing);
    if (missing) {
        return {};
    }
    const Table table(mnt_new_table_from_file("/proc/self/mountinfo"));
    if (!table) {
        throw Error(ErrorCode::Io, errno, "reading '/proc/self/mountinfo'");
    }
    auto* mounted = mnt_table_find_target(table.get(), path.c_str(), MNT_ITER_BACKWARD);
    if (mounted == nullptr) {
        return {};
    }
    const char* source = mnt_fs_get_source(mounted);
    return fmt::format("'{}' ({})", source != nullptr ? source : "none", mnt_fs_get_fstype(mounted));
}

MountStack::~MountStack() {
    for (; !targets_.empty(); targets_.pop_back()) {
        try {
            unmountWithRetries(targets_.back());
        } catch (const std::exception& error) {
            logWarning(fmt::format("{}, ignoring", error.what()));
        }
    }
}

void MountStack::unmountLast() {
    const auto target = std::move(targets_.back());
    targets_.pop_back();
    unmountWithRetries(target);
}

void MountStack::mount(const MountRequest& request) {
    mountSource(request.source, request);
}

void MountStack::mountThroughLoop(const UniqueFd& file, const MountRequest& request) {
    const auto device = attached(file, request);
    mountSource(device.path, request);
}

void MountStack::mountSource(const std::string& source, const MountRequest& request) {
    throwIfTerminated();
    const auto what = described(request);
    std::error_code failure;
    std::filesystem::create_directories(request.target, failure);
    if (failure) {
        throw Error(ErrorCode::Io, failure.value(), "creating the folder '" + request.target + "'");
    }
    const auto context = makeContext(request.target);
    checkMount(mnt_context_set_optsmode(context.get(), MNT_OMODE_NOTAB), "preparing a mount");
    checkMount(mnt_context_set_source(context.get(), source.c_str()), "preparing a mount");
    checkMount(mnt_context_set_options(context.get(), request.options.c_str()), "preparing a mount");
    if (!request.type.empty()) {
        checkMount(mnt_context_set_fstype(context.get(), request.type.c_str()), "preparing a mount");
    }
    targets_.reserve(targets_.size() + 1); // recording the mount must not fail after it
    std::string target = request.target;
    if (const int result = mnt_context_mount(context.get()); result != 0) {
        throwFailure(context, result, what);
    }
    targets_.push_back(std::move(target));
}

} // namespace bootferry
