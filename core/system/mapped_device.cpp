// SPDX-License-Identifier: LGPL-2.1-or-later
// linux/dm-ioctl.h; Documentation/admin-guide/device-mapper/linear.rst.
#include "mapped_device.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <linux/dm-ioctl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "device_mapper.h"
#include "errors.h"

namespace bootferry {
namespace {

constexpr std::uint64_t sectorSize = 512;

UniqueFd openControl() {
    try {
        return openDeviceMapper();
    } catch (const Error& error) {
        throw Error(
            ErrorCode::Unsupported,
            fmt::format("this kernel cannot read an image before all of it has arrived: {}", error.what()));
    }
}

// One call: the kernel's structure, and room for a table of one line behind it.
class Call {
public:
    Call(const UniqueFd& control, const std::string& name) : control_(control.get()), name_(name) {
        if (name.size() >= sizeof(header_->name)) {
            throw Error(ErrorCode::Invalid, fmt::format("'{}' is too long for a device's name", name));
        }
    }

    Call& readOnly() {
        flags_ |= DM_READONLY_FLAG;
        return *this;
    }

    // What is mounted is read-only: there is nothing to write before a suspension.
    Call& withoutFreezing() {
        flags_ |= DM_SKIP_LOCKFS_FLAG;
        return *this;
    }

    Call& table(dev_t device, std::uint64_t size) {
        dm_target_spec line{};
        line.length = size / sectorSize;
        std::strcpy(line.target_type, "linear"); // NOLINT: the array has 16 bytes
        const auto parameters = fmt::format("{}:{} 0", major(device), minor(device));
        std::memcpy(buffer_.data() + sizeof(dm_ioctl), &line, sizeof(line));
        std::memcpy(buffer_.data() + sizeof(dm_ioctl) + sizeof(line), parameters.c_str(),
                    parameters.size() + 1);
        lines_ = 1;
        return *this;
    }

    // Returns the device's number, if the kernel answers one.
    dev_t run(unsigned long request, const char* doing) {
        *header_ = {};
        header_->version[0] = DM_VERSION_MAJOR;
        header_->data_size = static_cast<std::uint32_t>(buffer_.size());
        header_->data_start = sizeof(dm_ioctl);
        header_->target_count = lines_;
        header_->flags = flags_;
        name_.copy(header_->name, sizeof(header_->name) - 1);
        checkErrno(::ioctl(control_, request, header_), fmt::format("{} '{}'", doing, name_));
        // The kernel's encoding: 12 bits of the minor number, 12 of the major, the rest of the minor.
        const auto number = header_->dev;
        return makedev((number >> 8U) & 0xfffU, (number & 0xffU) | ((number >> 12U) & 0xfff00U));
    }

private:
    int control_;
    const std::string& name_;
    alignas(dm_ioctl) std::array<char, 1024> buffer_{};
    dm_ioctl* header_ = reinterpret_cast<dm_ioctl*>(buffer_.data());
    std::uint32_t lines_ = 0;
    std::uint32_t flags_ = 0;
};

} // namespace

MappedDevice::MappedDevice(std::string name, dev_t device, std::uint64_t size)
    : name_(std::move(name)), size_(size), control_(openControl()) {
    try {
        number_ = Call(control_, name_).readOnly().run(DM_DEV_CREATE, "creating");
    } catch (const Error& error) {
        if (error.errnoValue() == EBUSY) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("device-mapper has a device '{}' already", name_));
        }
        throw;
    }
    try {
        show(device);
    } catch (const Error&) {
        try {
            remove();
        } catch (const Error&) { // the first failure is the one to report
        }
        throw;
    }
}

// Resuming takes the table that was loaded, and suspends first if the device is in use.
void MappedDevice::show(dev_t device) {
    (void)Call(control_, name_).readOnly().table(device, size_).run(DM_TABLE_LOAD, "loading the table of");
    (void)Call(control_, name_).withoutFreezing().run(DM_DEV_SUSPEND, "resuming");
}

void MappedDevice::remove() {
    (void)Call(control_, name_).run(DM_DEV_REMOVE, "removing");
}

std::string MappedDevice::path() const {
    return fmt::format("/dev/dm-{}", minor(number_));
}

} // namespace bootferry
