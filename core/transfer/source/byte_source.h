// SPDX-License-Identifier: LGPL-2.1-or-later
// The one interface of the way of the data: somebody who is asked for the next bytes. A plugin's session is
// one, so is everything that stands before it (resuming, counting, decoding): small decorators, each with one
// reason to change. Blocking, one thread; failures are thrown as Error.
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
    bool resumable = false;            // open at an offset can work
    std::string validator;             // equal exactly while the bytes are; empty: none
    bool spliceable = false;           // splice() can be called from now on
    bool ranges = false;               // several parts can be asked for at the same time
};

enum class Outcome { Committed, Discarded };

class ByteSource {
public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    // Puts the next 1…into.size() bytes there and says how many; 0 is the end and stays the end.
    [[nodiscard]] virtual std::size_t read(std::span<std::byte> into) = 0;

    // As read(), into an empty pipe that may take less; after info() said that it is possible.
    [[nodiscard]] virtual std::size_t splice(int pipe, std::size_t most);

    // What is known by now.
    [[nodiscard]] virtual SourceInfo info() = 0;

    // Once, after the end was read and the bytes are safe (or not wanted).
    virtual void finish(Outcome outcome) = 0;
};

// Opens one attempt. The border between the retry policy and whatever brings the bytes (in life a plugin).
struct OpenRequest {
    std::string url; // without userinfo
    std::uint64_t offset = 0;
    std::string validator;               // empty: none is known
    int cancelFd = -1;                   // borrowed; readable: give up
    std::optional<std::uint64_t> length; // more may come; absent: to the end
};

class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    // From one thread at a time; for parts (`length`) of a source that told `ranges`, from several.
    [[nodiscard]] virtual std::unique_ptr<ByteSource> open(const OpenRequest& request) = 0;
};

} // namespace bootferry
