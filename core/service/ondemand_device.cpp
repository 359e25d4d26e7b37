// SPDX-License-Identifier: LGPL-2.1-or-later
// The device is as long as the image, rounded up to what the server serves (fill_target.h) and every kernel
// can have as a block.
#include "ondemand_device.h"

#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "boot_profile.h"
#include "descriptors.h"
#include "errors.h"
#include "fill_memory.h"
#include "fill_target.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr const char* deviceName = "bootferry-image";

dev_t numberOf(const UniqueFd& device, const std::string& path) {
    struct stat status {};
    checkErrno(::fstat(device.get(), &status), fmt::format("looking at '{}'", path));
    return status.st_rdev;
}

dev_t numberOf(const std::string& path) {
    struct stat status {};
    checkErrno(::stat(path.c_str(), &status), fmt::format("looking at '{}'", path));
    return status.st_rdev;
}

// What is mounted must not have smaller blocks than the target that it will show.
std::uint32_t blockSizeOf(const PreparedTarget& target) {
    int size = 0;
    checkErrno(::ioctl(target.fd.get(), BLKSSZGET, &size),
               fmt::format("asking '{}' for its block size", target.path));
    return static_cast<std::uint32_t>(size);
}

// The same device, whatever its name means now; another description, without the claim.
PreparedTarget unclaimed(const PreparedTarget& target) {
    PreparedTarget copy;
    copy.fd.reset(checkErrno(::open(descriptorPath(target.fd.get()).c_str(),
                                    O_RDWR | O_CLOEXEC | (target.directIo ? O_DIRECT : 0)),
                             fmt::format("opening '{}' again", target.path)));
    copy.path = target.path;
    copy.capacity = target.capacity;
    copy.blockSize = target.blockSize;
    copy.directIo = target.directIo;
    return copy;
}

// Without device-mapper, nbd must not stay: whoever looks at its device would wait for a server.
MappedDevice mapOver(NbdDevice& nbd, std::uint64_t size) {
    try {
        return {deviceName, numberOf(nbd.path()), FillTarget::servedSize(size)};
    } catch (const Error&) {
        try {
            nbd.disconnect();
        } catch (const Error& error) { // the first failure is the one to report
            logWarning(fmt::format("{}, ignoring", error.what()));
        }
        throw;
    }
}

} // namespace

OnDemandDevice::OnDemandDevice(const PreparedTarget& target, std::uint64_t size)
    : OnDemandDevice(target, size, makeNbdSockets()) {}

// The kernel's end is closed at the end: otherwise the death of the server could not be seen.
OnDemandDevice::OnDemandDevice(const PreparedTarget& target, std::uint64_t size, NbdSockets sockets)
    : size_(size), memory_(FillMemory::make(size)), target_(unclaimed(target)),
      socket_(std::move(sockets.server)),
      nbd_(sockets.kernel, {.size = FillTarget::servedSize(size), .blockSize = blockSizeOf(target)}),
      mapped_(mapOver(nbd_, size)) {}

void OnDemandDevice::lock() const {
    checkErrno(::flock(target_.fd.get(), LOCK_SH | LOCK_NB), fmt::format("locking '{}'", target_.path));
}

void OnDemandDevice::reconnect() {
    socket_.reset(); // of a worker that ended before it got it
    socket_ = nbd_.reconnect();
}

std::string OnDemandDevice::bootProfile() const {
    const auto reads = FillMemory::readsIn(memory_, size_);
    return reads.empty() ? std::string() : writeProfile(reads, size_);
}

void OnDemandDevice::flush() {
    try {
        if (!flushFailure_) {
            checkErrno(::fsync(target_.fd.get()), fmt::format("flushing '{}'", target_.path));
        }
    } catch (const Error& error) {
        flushFailure_ = error;
    }
    if (flushFailure_) {
        throw Error(*flushFailure_);
    }
}

void OnDemandDevice::makeLocal() {
    mapped_.show(numberOf(target_.fd, target_.path));
}

void OnDemandDevice::endServer() noexcept {
    if (!target_.fd) {
        return;
    }
    try {
        nbd_.disconnect();
    } catch (const Error& error) { // nothing reads from it any more
        logWarning(fmt::format("{}, ignoring", error.what()));
    }
    target_.fd.reset();
}

bool OnDemandDevice::remove() noexcept {
    try {
        mapped_.remove();
        nbd_.disconnect();
        target_.fd.reset();
        return true;
    } catch (const Error& error) {
        logWarning(fmt::format("{}, ignoring", error.what()));
        return false;
    }
}

} // namespace bootferry
