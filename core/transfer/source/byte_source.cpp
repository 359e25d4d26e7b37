// SPDX-License-Identifier: LGPL-2.1-or-later
#include "byte_source.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

// An empty pipe holds at least a page, and only that for a user with many pipes (pipe(7),
// pipe-user-pages-soft); a longer write would block.
std::size_t copyInto(int pipe, ByteSource& source, std::size_t most) {
    std::array<std::byte, std::size_t{32} << 10U> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    most = std::min(most, static_cast<std::size_t>(checkErrno(::fcntl(pipe, F_GETPIPE_SZ), "asking a pipe")));
    const auto count = source.read(std::span(buffer).first(std::min(most, buffer.size())));
    if (count > 0) {
        checkErrno(::write(pipe, buffer.data(), count), "writing to a pipe");
    }
    return count;
}

} // namespace

std::size_t ByteSource::splice(int, std::size_t) {
    throw Error(ErrorCode::Internal, "this source does not support splice");
}

std::size_t spliceOrCopy(ByteSource& source, int pipe, std::size_t most) {
    return source.info().spliceable ? source.splice(pipe, most) : copyInto(pipe, source, most);
}

} // namespace bootferry
