// SPDX-License-Identifier: LGPL-2.1-or-later
// What a pipeline needs from its source beside the bytes: that the whole can be delivered again. Either the
// source itself demands it (the version on the server has changed: StartOver) or the pipeline does (the bytes
// are wrong: reject()). Implemented by ResumingSource, and by RelayedSource for the bytes of another process.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "byte_source.h"
#include "errors.h"
#include "transfer_request.h"

namespace bootferry {

// Discard the bytes delivered so far, call RestartableSource::startOver() and read from the beginning.
class StartOver : public Error {
public:
    explicit StartOver(const std::string& why) : Error(ErrorCode::Range, why) {}
};

// No origin is left. The message contains the reasons of all origins.
class AllOriginsFailed : public Error {
public:
    explicit AllOriginsFailed(const Error& reason) : Error(reason) {}
};

class RestartableSource : public ByteSource {
public:
    virtual void startOver() = 0;

    // The bytes that were read are wrong. atEnd: read() has returned 0. Returns when the whole source is to
    // be received again, from another origin or the same one: call startOver(). Throws AllOriginsFailed
    // if none is left.
    virtual void reject(const Error& failure, bool atEnd) = 0;

    // Call before reading: begins at this offset instead of the first byte. The version is requested again;
    // if it differs, read() throws StartOver.
    virtual void continueFrom(const Continuation& earlier) = 0;

    // Copies the last bytes that were read into the span; there are never fewer than its size. Returns false
    // if they are not available. Without this function, the transfer starts over if a server does not show
    // which version it delivers.
    using LastBytes = std::function<bool(std::span<std::byte>)>;
    virtual void compareWith(LastBytes lastBytes) = 0;

    // False from when the bytes that were read cannot be discarded any more: then nothing starts over, and
    // an origin that cannot continue is given up.
    virtual void discardIf(std::function<bool()> canDiscard) = 0;
};

} // namespace bootferry
