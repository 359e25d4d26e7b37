// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold of a transfer through a plugin whatever the server answers: no more than was sent or
// declared, an end only when all has come, texts that can be shown.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "errors.h"
#include "fuzz_input.h"
#include "plain_text.h"
#include "plugin_transport.h"

namespace bootferry::fuzz {

struct Pipe {
    std::array<int, 2> ends{};
    Pipe() { require(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
};

// Reads the next piece, by splicing where that is wanted and offered. 0: the end.
inline std::size_t next(ByteSource& source, bool splices) {
    static const Pipe pipe;
    static std::array<std::byte, 1000> room;
    if (!splices || !source.info().spliceable) {
        return source.read(room);
    }
    const auto count = source.splice(pipe.ends[1], room.size());
    require(static_cast<std::size_t>(std::max<ssize_t>(::read(pipe.ends[0], room.data(), room.size()), 0)) ==
            count);
    return count;
}

// sent: how many bytes of a body the server has sent at most.
template <typename Sent>
void fetch(PluginTransport& transport, const OpenRequest& request, bool splices, const Sent& sent) {
    const auto source = transport.open(request);
    const auto declared = source->info().size;
    std::uint64_t count = 0;
    while (const auto more = next(*source, splices)) {
        count += more;
        require(count <= sent());
        require(!declared || request.offset + count <= *declared);
    }
    const auto info = source->info();
    require(!declared || info.size == declared);
    const bool isWhole = !request.length;
    require(!info.size || !isWhole || request.offset + count == *info.size);
    require(info.validator.size() < 1024 && info.validator.find_first_of("\r\n") == std::string::npos);
    require(plainText(info.location, 4096) == info.location);
    source->finish(Outcome::Committed);
}

// A refusal is one of the server's or the address's, with a reason.
inline void requireReason(const Error& error) {
    require(*error.what() != '\0' && plainText(error.what(), SIZE_MAX) == error.what());
    require(error.code() != ErrorCode::Internal && error.code() != ErrorCode::Cancelled);
}

} // namespace bootferry::fuzz
