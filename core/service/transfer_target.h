// SPDX-License-Identifier: LGPL-2.1-or-later
// The target of one transfer: a RAM disk, which is made when it is written to, or a disk, which is opened
// once and then judged, wiped, written and closed through that descriptor. Everything here may block; a
// transfer calls it from one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "disk.h"
#include "ondemand_device.h"
#include "prepared_target.h"
#include "transfer_request.h"

namespace bootferry {

class TransferTarget {
public:
    explicit TransferTarget(std::string name) : name_(std::move(name)) {}
    TransferTarget(const TransferTarget&) = delete;
    TransferTarget& operator=(const TransferTarget&) = delete;
    ~TransferTarget() { release(); }

    [[nodiscard]] bool isRam() const;
    [[nodiscard]] bool exists() const; // a device of this name

    // Opens and claims the disk. If it holds an image that the request reuses, closes it again, and
    // reusedDevice() names it. Throws Error(TargetRefused) if it must not be overwritten, or not be reused.
    void inspect(const TransferRequest& request);
    [[nodiscard]] const std::string& reusedDevice() const { return reusedDevice_; } // empty: none

    // Makes the RAM disk, or judges the disk once more and wipes it. size: of the image, if it is known;
    // least: as the image declares it.
    void prepare(const TransferRequest& request, std::optional<std::uint64_t> size, std::uint64_t least);
    [[nodiscard]] const PreparedTarget& prepared() const { return *target_; }

    [[nodiscard]] bool isDisk() const { return disk_.has_value(); } // that is open
    void clearBehind(std::uint64_t written);                        // of an open disk

    // After prepare(): a device that shows the image while it arrives, and is what is mounted. size: of the
    // image.
    void serve(std::uint64_t size);
    [[nodiscard]] OnDemandDevice* served() { return served_ ? &*served_ : nullptr; } // nullptr: none
    // The image is complete: the device shows the target itself. Can be called again after a failure, and
    // beside it served()->reconnect() (ondemand_device.h).
    void makeLocal();
    void madeLocal() { local_ = true; } // makeLocal() has succeeded
    [[nodiscard]] bool isLocal() const { return local_; }
    // After that: what was read meanwhile (boot_profile.h); empty if that is not known.
    [[nodiscard]] std::string takeBootProfile() { return std::exchange(profile_, {}); }

    // The image is complete: closes the target, so that it can be mounted, and returns the device with it.
    [[nodiscard]] std::string close();

    void release(); // what prepare() made; a disk stays open for the next attempt
    void closeDisk() { disk_.reset(); }

private:
    std::string name_;
    std::optional<Disk> disk_; // claimed when first inspected; nullopt for a RAM disk
    std::optional<PreparedTarget> target_;
    std::optional<OnDemandDevice> served_;
    bool local_ = false;
    std::string profile_;
    std::string reusedDevice_;
};

} // namespace bootferry
