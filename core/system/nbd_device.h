// SPDX-License-Identifier: LGPL-2.1-or-later
// A block device of the kernel's nbd client, whose server is a process of this machine at the other end of a
// socket pair. There is no handshake: both ends know the size. The kernel speaks the transmission phase with
// simple replies (NBD protocol, "Transmission phase"), from the first byte on. The device is read-only.
//
// If the server's end is closed, reads wait until reconnect() gives the kernel a new socket, and not
// longer than ten years; nothing fails. Reads that were sent to the earlier server are sent again when the
// kernel looks at them next, which is within 30 s (blk-mq's timeout of a request).
#pragma once

#include <cstdint>
#include <string>

#include "generic_netlink.h"
#include "handles.h"

namespace bootferry {

struct NbdTerms {
    std::uint64_t size = 0;      // bytes; a multiple of the block size
    std::uint32_t blockSize = 0; // a power of two, from 512 to a page
};

struct NbdSockets {
    UniqueFd kernel;
    UniqueFd server;
};

[[nodiscard]] NbdSockets makeNbdSockets(); // throws Error(Io)

// Needs no file after it was connected, so that it works when the files of an initrd are gone.
class NbdDevice {
public:
    // Loads the kernel's nbd if needed; without partitions, since nothing reads them. The kernel keeps the
    // socket itself: close the descriptor afterwards, or the server's death cannot be seen. Throws
    // Error(Unsupported) if this kernel has no nbd, or one that looks for partitions, Error(Io).
    NbdDevice(const UniqueFd& socket, const NbdTerms& terms);

    // After the end of the server: returns the end of another socket pair, for the next one. Blocks until the
    // kernel has seen that end, for a few seconds at most. Throws Error(Io).
    [[nodiscard]] UniqueFd reconnect();

    // Tells the server, and frees the device; reads that still wait fail. The destructor does not: what is
    // mounted from the device may outlive this process. Throws Error(Io).
    void disconnect();

    [[nodiscard]] std::string path() const; // "/dev/nbd0"

private:
    GenericNetlink kernel_;
    std::uint32_t index_ = 0;
};

} // namespace bootferry
