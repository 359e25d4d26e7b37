// SPDX-License-Identifier: LGPL-2.1-or-later
// linux/nbd-netlink.h, drivers/block/nbd.c. A device that was connected by netlink does not depend on a
// process of ours that holds it open, as one that was connected by ioctl(2) does.
#include "nbd_device.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <linux/nbd-netlink.h>
#include <linux/nbd.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include "files.h"
#include "kernel_modules.h"

namespace bootferry {
namespace {

constexpr std::uint64_t tenYears = std::uint64_t{10} * 365 * 24 * 3600; // in seconds
constexpr int attempts = 250;
constexpr std::chrono::milliseconds pause{20};

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

// Whoever opens a device that may have partitions first, looks for them, and would wait for a server that
// does not have its socket yet. Only a module that somebody else has loaded, or a part of the kernel,
// differs.
void requireNoPartitions() {
    const auto most = readSmallFile("/sys/module/nbd/parameters/max_part").value_or("0");
    if (most.substr(0, most.find('\n')) != "0") {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("the kernel's nbd was loaded to look for partitions (max_part={})",
                                most.substr(0, most.find('\n'))));
    }
}

NetlinkAttributes oneSocket(const UniqueFd& socket) {
    return NetlinkAttributes().add(
        NBD_SOCK_ITEM, NetlinkAttributes().add(NBD_SOCK_FD, static_cast<std::uint32_t>(socket.get())));
}

bool isHungUp(const UniqueFd& socket) {
    pollfd watched{.fd = socket.get(), .events = 0, .revents = 0};
    return ::poll(&watched, 1, 0) > 0 && (static_cast<unsigned>(watched.revents) & POLLHUP) != 0;
}

} // namespace

NbdSockets makeNbdSockets() {
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "making a socket pair");
    return {.kernel = UniqueFd(ends[0]), .server = UniqueFd(ends[1])};
}

NbdDevice::NbdDevice(const UniqueFd& socket, const NbdTerms& terms) : kernel_(openNbd()) {
    requireNoPartitions();
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

// While it has not seen that the earlier socket is dead, the kernel ignores another one and reports success.
// Then nobody holds that one's other end when the descriptor here is closed.
UniqueFd NbdDevice::reconnect() {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto sockets = makeNbdSockets();
        (void)kernel_.request(
            NBD_CMD_RECONFIGURE,
            NetlinkAttributes().add(NBD_ATTR_INDEX, index_).add(NBD_ATTR_SOCKETS, oneSocket(sockets.kernel)),
            fmt::format("connecting '{}' to another process", path()));
        sockets.kernel.reset();
        if (!isHungUp(sockets.server)) {
            return std::move(sockets.server);
        }
        std::this_thread::sleep_for(pause);
    }
    throw Error(
        ErrorCode::Io,
        fmt::format("connecting '{}' to another process: the kernel does not see the end of the earlier one",
                    path()));
}

void NbdDevice::disconnect() {
    (void)kernel_.request(NBD_CMD_DISCONNECT, NetlinkAttributes().add(NBD_ATTR_INDEX, index_),
                          fmt::format("disconnecting '{}'", path()));
}

std::string NbdDevice::path() const {
    return fmt::format("/dev/nbd{}", index_);
}

} // namespace bootferry
