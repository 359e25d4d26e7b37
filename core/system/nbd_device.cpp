// SPDX-License-Identifier: LGPL-2.1-or-later
// linux/nbd-netlink.h, drivers/block/nbd.c. A device that was connected by netlink does not depend on a
// process of ours that holds it open, as one that was connected by ioctl(2) does.
#include "nbd_device.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <linux/nbd-netlink.h>
#include <linux/nbd.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include "kernel_modules.h"

namespace bootferry {
namespace {

constexpr std::uint64_t tenYears = std::uint64_t{10} * 365 * 24 * 3600; // in seconds
constexpr int attempts = 250;
constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::milliseconds noticing{700};
constexpr int repetitions = 3;

GenericNetlink openNbd() {
    try {
        (void)loadKernelModule("nbd", "nbds_max=0 max_part=0");
        return GenericNetlink(NBD_GENL_FAMILY_NAME);
    } catch (const Error& error) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("this kernel cannot read an image before all of it has arrived: the module "
                                "'nbd' is not in the initrd or cannot be loaded ({})",
                                error.what()));
    }
}

NetlinkAttributes oneSocket(const UniqueFd& socket) {
    return NetlinkAttributes().add(
        NBD_SOCK_ITEM, NetlinkAttributes().add(NBD_SOCK_FD, static_cast<std::uint32_t>(socket.get())));
}

} // namespace

NbdSockets makeNbdSockets() {
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "making a socket pair");
    return {.kernel = UniqueFd(ends[0]), .server = UniqueFd(ends[1])};
}

NbdDevice::NbdDevice(const UniqueFd& socket, const NbdTerms& terms) : kernel_(openNbd()) {
    const auto answer = kernel_.request(
        NBD_CMD_CONNECT,
        NetlinkAttributes()
            .add(NBD_ATTR_SIZE_BYTES, terms.size)
            .add(NBD_ATTR_BLOCK_SIZE_BYTES, std::uint64_t{terms.blockSize})
            .add(NBD_ATTR_SERVER_FLAGS, std::uint64_t{NBD_FLAG_HAS_FLAGS | NBD_FLAG_READ_ONLY})
            .add(NBD_ATTR_DEAD_CONN_TIMEOUT, tenYears)
            .add(NBD_ATTR_SOCKETS, oneSocket(socket)),
        "connecting the kernel's nbd");
    const auto index = findNetlinkAttribute(answer, NBD_ATTR_INDEX);
    if (!index || index->size() < sizeof(index_)) {
        throw Error(ErrorCode::Io, "the kernel's nbd does not name the device that it connected");
    }
    std::memcpy(&index_, index->data(), sizeof(index_));
}

void NbdDevice::reconnect(const UniqueFd& socket) {
    const auto attributes =
        NetlinkAttributes().add(NBD_ATTR_INDEX, index_).add(NBD_ATTR_SOCKETS, oneSocket(socket));
    // The kernel does nothing, and says nothing, while it has not seen that the earlier socket is dead. Once
    // it has taken the new one, the same request does nothing either: so it is repeated.
    for (int time = 1; time < repetitions; ++time) {
        std::this_thread::sleep_for(noticing);
        (void)kernel_.request(NBD_CMD_RECONFIGURE, attributes, fmt::format("connecting '{}' again", path()));
    }
    for (int attempt = 1;; ++attempt) {
        try {
            (void)kernel_.request(NBD_CMD_RECONFIGURE, attributes,
                                  fmt::format("connecting '{}' to another process", path()));
            return;
        } catch (const Error& error) {
            // The place of the dead socket is not free before the kernel has seen that it is dead.
            if (error.errnoValue() != ENOSPC || attempt == attempts) {
                throw;
            }
        }
        std::this_thread::sleep_for(pause);
    }
}

void NbdDevice::disconnect() {
    (void)kernel_.request(NBD_CMD_DISCONNECT, NetlinkAttributes().add(NBD_ATTR_INDEX, index_),
                          fmt::format("disconnecting '{}'", path()));
}

std::string NbdDevice::path() const {
    return fmt::format("/dev/nbd{}", index_);
}

} // namespace bootferry
