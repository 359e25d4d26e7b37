// SPDX-License-Identifier: LGPL-2.1-or-later
// The device that shows an image while it arrives. At first it shows the kernel's nbd, whose server is the
// worker; when the image is complete, it shows the target itself, and nobody who reads notices. It is what is
// mounted. Everything here may block.
//
//   nbd ── socket pair ── worker                 target
//    ▲                                             ▲
//    └──────── "bootferry-image" (dm) ──▶ later ───┘
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "errors.h"
#include "handles.h"
#include "mapped_device.h"
#include "nbd_device.h"
#include "prepared_target.h"

namespace bootferry {

class OnDemandDevice {
public:
    // target: stays the caller's. size: of the image, in bytes. Throws Error.
    OnDemandDevice(const PreparedTarget& target, std::uint64_t size);

    // What a worker gets. The target's descriptor does not claim it: device-mapper could not take it at the
    // end while the worker has it.
    [[nodiscard]] const PreparedTarget& target() const { return target_; }
    [[nodiscard]] const UniqueFd& memory() const { return memory_; } // fill_memory.h
    [[nodiscard]] UniqueFd takeSocket() { return std::move(socket_); }
    [[nodiscard]] bool hasSocket() const { return static_cast<bool>(socket_); } // not taken yet

    // A shared lock of the target (flock), which the worker's descriptor keeps even if bootferryd dies: no
    // other bootferryd claims a target that is written. Throws Error.
    void lock() const;

    // Makes another socket, after the end of the worker that had the last one. Throws Error.
    void reconnect();

    // A boot profile (boot_profile.h) of what was read of the image until now; empty if that is not known.
    // Throws Error.
    [[nodiscard]] std::string bootProfile() const;

    // The image is complete. Throws Error, and does so again after a failure: the kernel reports it once.
    void flush();
    // After flush(), and the target is no longer claimed. Shows the target from now on. Waits for the
    // reads that are under way, which a worker has to answer: if that dies, reconnect() is called meanwhile,
    // from another thread. Can be called again after a failure. Throws Error.
    void makeLocal();
    // Nothing is read from nbd any more: ends it, and with it the worker that serves. After makeLocal(), and
    // not beside another call. A second call does nothing.
    void endServer() noexcept;
    [[nodiscard]] bool hasServer() const { return static_cast<bool>(target_.fd); }

    // False if it is mounted: then all stays as it is.
    [[nodiscard]] bool remove() noexcept;

    [[nodiscard]] std::string path() const { return mapped_.path(); }

private:
    OnDemandDevice(const PreparedTarget& target, std::uint64_t size, NbdSockets sockets);

    std::uint64_t size_; // of the image
    UniqueFd memory_;
    PreparedTarget target_;
    std::optional<Error> flushFailure_;
    UniqueFd socket_; // the server's end
    NbdDevice nbd_;
    MappedDevice mapped_;
};

} // namespace bootferry
