// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves an image that is still arriving to one NBD client, the kernel, over a connected stream socket: a
// read is answered as soon as its bytes are there, in whatever order that happens, and waits until then. The
// image is read-only. One thread serves; it sleeps in poll(2) until the client asks, bytes arrive, or the
// serving is cancelled, and no other thread ever waits for the client.
//
// The client is bounded, although it is the kernel: at most mostWaiting reads wait, and further requests stay
// in the socket. What no correct client sends ends the connection: another magic, a read of nothing, of more
// than 32 MiB or of bytes beyond the end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "nbd_protocol.h"
#include "piece_map.h"

namespace bootferry {

enum class Availability {
    Present,
    Coming, // wait for changeFd()
    Lost,   // no server has them any more
};

// Seam: the image that is served. Calls come from the thread that serves.
class ServedImage {
public:
    ServedImage() = default;
    ServedImage(const ServedImage&) = delete;
    ServedImage& operator=(const ServedImage&) = delete;
    virtual ~ServedImage() = default;

    // Bytes that can be read. The device may be longer than the image, whose end is padded with zeros.
    [[nodiscard]] virtual std::uint64_t servedSize() const = 0;
    // A read has arrived. After Coming it counts as waiting, until answered() is called with the same number.
    [[nodiscard]] virtual Availability request(std::uint64_t number, const Extent& bytes) = 0;
    [[nodiscard]] virtual Availability availability(const Extent& bytes) = 0;
    virtual void answered(std::uint64_t number) = 0;
    // Up to `most` present bytes from an offset, at least one; valid until the next call. Throws Error(Io).
    [[nodiscard]] virtual std::span<const std::byte> bytes(std::uint64_t offset, std::size_t most) = 0;
    // Becomes readable when availability() may have changed; acknowledge() makes it unreadable.
    [[nodiscard]] virtual int changeFd() const = 0;
    virtual void acknowledge() = 0;
};

class NbdServer {
public:
    static constexpr std::size_t mostWaiting = 256; // the kernel's queue has 128 by default

    // socket and cancelFd are borrowed; cancelFd becomes readable to end the serving, and may be -1.
    NbdServer(int socket, int cancelFd, ServedImage& image);

    // Returns when the client disconnects. Throws Error(Protocol) if it violates the protocol, Error(Io) if
    // it closes the connection without a word or the image cannot be read, Error(Cancelled).
    void serve();

private:
    struct Waiting {
        nbd::Request request;
        std::uint64_t number = 0;
    };

    // False: the client disconnects.
    [[nodiscard]] bool receive();
    [[nodiscard]] bool take(const nbd::Request& request);
    void takeRead(const nbd::Request& request);
    void answerWaiting();
    void answer(const nbd::Request& request, Availability availability);
    void answerWithBytes(const nbd::Request& request);
    void reply(const nbd::Request& request, nbd::Status status);
    void discard();
    void send(std::span<const std::byte> bytes, bool more);
    // Waits for the events on the socket, or for changes too, if `changes`. Throws Error(Cancelled).
    struct Woken {
        bool socket = false;
        bool changed = false;
    };
    [[nodiscard]] Woken wait(short events, bool changes) const;

    int socket_;
    int cancelFd_;
    ServedImage& image_;
    std::deque<Waiting> waiting_;
    std::uint64_t numbers_ = 0;
    std::array<std::byte, nbd::requestSize> header_{};
    std::size_t headerFilled_ = 0;
    nbd::Request refused_;          // a write whose payload is being discarded
    std::uint32_t refusedLeft_ = 0; // bytes of that
};

} // namespace bootferry
