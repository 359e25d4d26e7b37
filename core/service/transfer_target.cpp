// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk is inspected first, because a deployed disk needs no network; it stays open, and its contents are
// checked again just before they are overwritten.
#include "transfer_target.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "device_usage.h"
#include "disk_plan.h"
#include "errors.h"
#include "fill_target.h"
#include "log.h"
#include "ram_target.h"

namespace bootferry {
namespace {

constexpr const char* overwriteOption =
    "rd.kiwi.live.reset on the kernel command line (bootferryctl: --reset)";

DiskPlan planFor(const Disk& disk, const DiskContents& contents, bool reset) {
    const auto plan = planDisk(disk.name(), contents, reset, overwriteOption);
    if (plan == DiskPlan::Deploy && disk.isReadOnly()) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is read-only", disk.name()));
    }
    return plan;
}

// What an earlier boot has fetched of an image of this size stays: the worker decides whether it is the same.
// Such a disk was wiped before.
bool canContinue(const DiskContents& contents, const TransferRequest& request,
                 std::optional<std::uint64_t> size) {
    return request.onDemand && !request.reset && contents.state == DiskState::Incomplete && contents.fill &&
           contents.fill->imageSize == size;
}

PreparedTarget prepareDisk(Disk& disk, const TransferRequest& request, std::optional<std::uint64_t> size,
                           std::uint64_t least) {
    disk.claimForWriting();
    const auto contents = disk.contents();
    if (planFor(disk, contents, request.reset) != DiskPlan::Deploy) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("another program has deployed an image to '{}' meanwhile", disk.name()));
    }
    requireRoom(disk, std::max(least, size.value_or(0)));
    if (!canContinue(contents, request, size)) {
        disk.wipe(contents);
    }
    return disk.target();
}

// Nothing proves that an image already on the disk is the signed one.
void requireNewImage(const TransferRequest& request, const std::string& disk) {
    if (request.signedOnly) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' holds an image already, and only what is signed may be booted here: {} "
                                "deploys it again",
                                disk, overwriteOption));
    }
}

} // namespace

bool TransferTarget::isRam() const {
    return isRamDisk(name_);
}

bool TransferTarget::exists() const {
    return ::access(name_.c_str(), F_OK) == 0;
}

void TransferTarget::inspect(const TransferRequest& request) {
    disk_.emplace(name_);
    if (planFor(*disk_, disk_->contents(), request.reset) == DiskPlan::Use) {
        requireNewImage(request, name_);
        reusedDevice_ = disk_->node();
        disk_.reset(); // a claimed disk cannot be mounted
    }
}

void TransferTarget::prepare(const TransferRequest& request, std::optional<std::uint64_t> size,
                             std::uint64_t least) {
    target_ = isRam() ? prepareRamTarget(name_, size, request.ramdiskSize)
                      : prepareDisk(*disk_, request, size, least);
}

void TransferTarget::clearBehind(std::uint64_t written) {
    disk_->clearBehind(written);
}

void TransferTarget::serve(std::uint64_t size) {
    if (disk_ && FillTarget::servedSize(size) > target_->capacity) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}' ends before the last page of the image does", name_));
    }
    served_.emplace(*target_, size);
    if (disk_) {
        disk_->shareLock();
    }
    served_->lock();
}

// The kernel rereads the partition table only for whoever has claimed the disk.
void TransferTarget::makeLocal() {
    served_->flush();
    if (disk_) {
        disk_->rereadPartitionTable();
    }
    target_->fd.reset(); // device-mapper claims it
    disk_.reset();
    served_->makeLocal();
    try {
        profile_ = served_->bootProfile();
    } catch (const std::exception& error) {
        logWarning(fmt::format("keeping what was read: {}, ignoring", error.what()));
    }
}

std::string TransferTarget::close() {
    if (served_) {
        auto path = isRam() ? served_->path() : target_->path;
        target_.reset();
        served_->endServer();
        served_.reset();
        return path;
    }
    target_->fd.reset(); // close it first: a claimed device cannot be mounted
    if (disk_) {
        disk_->rereadPartitionTable();
        disk_.reset();
        settleUdev();
    }
    return std::exchange(target_, std::nullopt)->path;
}

void TransferTarget::release() {
    if (served_ && !served_->remove()) {
        target_.reset(); // what is mounted stays as it is
    }
    served_.reset();
    if (auto target = std::exchange(target_, std::nullopt)) {
        target->fd.reset(); // an open device cannot be released
        if (isRam()) {
            releaseRamTarget(target->path);
        }
    }
}

} // namespace bootferry
