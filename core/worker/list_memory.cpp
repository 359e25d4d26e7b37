// SPDX-License-Identifier: LGPL-2.1-or-later
// To the worker it is a stream: nothing sets its size.
#include "list_memory.h"

#include <algorithm>
#include <span>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sealed_memory.h"

namespace bootferry {

ListMemory::ListMemory() {
    constexpr const char* what = "making room for a checksum list";
    target_.fd =
        UniqueFd(checkErrno(::memfd_create("bootferry-list", MFD_CLOEXEC | MFD_ALLOW_SEALING), what));
    checkErrno(::ftruncate(target_.fd.get(), static_cast<off_t>(largest)), what);
    checkErrno(::fcntl(target_.fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW), what);
    target_.capacity = largest;
    target_.blockSize = streamBlockSize;
}

std::string ListMemory::read(std::uint64_t size) const {
    std::string text(static_cast<std::size_t>(std::min(size, largest)), '\0');
    readFromStart(target_.fd.get(), std::as_writable_bytes(std::span(text)), "reading a checksum list");
    return text;
}

} // namespace bootferry
