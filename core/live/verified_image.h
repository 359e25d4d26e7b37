// SPDX-License-Identifier: LGPL-2.1-or-later
// A root image behind a device on which the kernel verifies each block when it is read. Damage is an I/O
// error of the program that reads: here the error names the image; in the running system, the kernel's
// message has the device's number, so that number and the image are logged together.
#pragma once

#include <cerrno>
#include <optional>
#include <string>

#include "errors.h"
#include "loop_device.h"
#include "verity_device.h"
#include "verity_request.h"

namespace bootferry {

class VerifiedImage {
public:
    // image: the device with the root image; name: for people; treeFile: empty if the tree lies in the image.
    // Reads one block. Throws Error(Checksum) if the tree has another root hash, does not fit the image or is
    // cut, or if that block is damaged; what activateVerity() throws; Error(NotFound) without a tree.
    VerifiedImage(OpenLoopDevice image, const std::string& name, const VerityRequest& request,
                  const std::string& treeFile);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& path() const {
        return device_.path;
    } // while this object or a mount exists
    [[nodiscard]] int fd() const { return device_.fd.get(); }

    // Calls read(). An I/O error in it becomes Error(Checksum) that names the image.
    template <typename Read>
    auto reading(Read read) const;

private:
    [[nodiscard]] Error damage(const Error& error) const;
    void open(const VerityRequest& request, const std::string& treeFile);

    std::string name_;
    OpenLoopDevice image_;
    std::optional<OpenLoopDevice> tree_;
    OpenCryptDevice device_;
};

template <typename Read>
auto VerifiedImage::reading(Read read) const {
    try {
        return read();
    } catch (const Error& error) {
        if (error.errnoValue() == EIO) {
            throw damage(error);
        }
        throw;
    }
}

} // namespace bootferry
