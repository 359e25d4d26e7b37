// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sealed_memory.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_ranges.h"
#include "files.h"

namespace bootferry {

UniqueFd sealedMemory(const char* name, std::span<const std::byte> contents) {
    constexpr const char* what = "storing a worker's input";
    UniqueFd memory(checkErrno(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), what));
    writeAll(memory.get(), contents, what);
    checkErrno(::lseek(memory.get(), 0, SEEK_SET), what);
    checkErrno(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
               what);
    return memory;
}

void readFromStart(int fd, std::span<std::byte> into, const char* what) {
    if (readAt(fd, into, 0, what) < into.size()) {
        throwErrno(EIO, what);
    }
}

std::vector<std::byte> readMemory(int fd) {
    constexpr const char* what = "reading the supervisor's input";
    struct stat status {};
    checkErrno(::fstat(fd, &status), what);
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    readFromStart(fd, bytes, what);
    return bytes;
}

} // namespace bootferry
