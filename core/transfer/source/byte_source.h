// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface of everything that delivers bytes: a plugin's session, and the decorators around it
// (resuming, several connections). Calls block, come from one thread, and throw Error on failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace bootferry {

struct SourceInfo {
    std::optional<std::uint64_t> size; // of the whole resource, bytes; may become known late
    bool resumable = false;            // opening at an offset is possible
    std::string validator;        // differs if the version differs, as far as the server knows; empty: none
    bool strongValidator = false; // it differs whenever the bytes differ
    bool spliceable = false;      // splice() can be called from now on
    bool ranges = false;          // several parts can be fetched at the same time
    bool showsOffset = true;      // an answer shows at which offset its bytes begin
    std::optional<std::int64_t> modified; // the last change, seconds since 1970 UTC
    std::string location; // where a redirect led, without userinfo and query; empty: not redirected
};

class ByteSource {
public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    // Reads the next 1…into.size() bytes and returns how many; 0 at the end, and for every call after it.
    [[nodiscard]] virtual std::size_t read(std::span<std::byte> into) = 0;

    // As read(), into an empty pipe, which may take fewer bytes. Only if info().spliceable.
    [[nodiscard]] virtual std::size_t splice(int pipe, std::size_t most);

    // What is known so far.
    [[nodiscard]] virtual SourceInfo info() = 0;

    // Called once, after the end was read and the bytes were committed. Not called if they are discarded.
    virtual void finish() = 0;
};

// Splices into an empty pipe; copies if the source cannot be spliced yet.
[[nodiscard]] std::size_t spliceOrCopy(ByteSource& source, int pipe, std::size_t most);

struct OpenRequest {
    std::string url; // without userinfo
    std::uint64_t offset = 0;
    std::string validator;               // empty: not known
    int cancelFd = -1;                   // borrowed; becomes readable to cancel
    std::optional<std::uint64_t> length; // the source may deliver more; nullopt: to the end
    std::string rawUrl;                  // as it was written, but for the userinfo; empty: like url
};

// Opens a source, once per attempt. In production this is a plugin, in tests a fake server.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    // Called from one thread at a time, but for parts (with `length`) of a source with `ranges` from several.
    [[nodiscard]] virtual std::unique_ptr<ByteSource> open(const OpenRequest& request) = 0;
};

} // namespace bootferry
