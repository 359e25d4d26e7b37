// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipe is empty before each splice, as that of the host is.
#include "receiver.h"

#include <tuple>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "descriptors.h"
#include "errors.h"

namespace bootferry {

Receiver::Receiver(Attempt& attempt, Way way, std::optional<int> pipeSize) : attempt_(attempt), way_(way) {
    if (way_ == Way::Splice) {
        std::tie(readEnd_, writeEnd_) = makePipe();
    }
    if (way_ == Way::Splice && pipeSize) {
        checkErrno(::fcntl(writeEnd_.get(), F_SETPIPE_SZ, *pipeSize), "making a pipe smaller");
    }
}

std::size_t Receiver::take(std::span<std::byte> into, std::optional<Failure>& failure) {
    splices_ = splices_ || (way_ == Way::Splice && attempt_.info().spliceable); // "from now on"
    if (!splices_) {
        return attempt_.read(into, failure);
    }
    const auto count = attempt_.splice(writeEnd_.get(), into.size(), failure);
    int held = 0;
    checkErrno(::ioctl(readEnd_.get(), FIONREAD, &held), "looking into the pipe");
    if (failure && held > 0) {
        throw Fault(fmt::format("splice failed with {}, but left {} bytes in the pipe: {}",
                                codeName(failure->code), held, failure->message));
    }
    if (static_cast<std::size_t>(held) != count) {
        throw Fault(fmt::format("splice returned {}, but the pipe holds {} bytes", count, held));
    }
    if (count > 0) {
        checkErrno(::read(readEnd_.get(), into.data(), count), "reading the pipe");
    }
    return count;
}

} // namespace bootferry
