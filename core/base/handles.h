// SPDX-License-Identifier: LGPL-2.1-or-later
// RAII owners for file descriptors and for libsystemd's objects. Create the owner in the statement that
// creates the resource, so that an exception cannot leak it. A null or -1 handle owns nothing.
#pragma once

#include <memory>
#include <utility>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "errors.h"

namespace bootferry {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset(int fd = -1) noexcept; // closes the old descriptor

private:
    int fd_ = -1;
};

namespace detail {
struct SdBusCloser {
    void operator()(sd_bus* bus) const noexcept { sd_bus_flush_close_unref(bus); }
};
// For a peer that may have stopped reading: flushing would block forever.
struct SdBusDropper {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
struct SdBusMessageUnref {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
struct SdBusSlotUnref {
    void operator()(sd_bus_slot* slot) const noexcept { sd_bus_slot_unref(slot); }
};
struct SdEventUnref {
    void operator()(sd_event* event) const noexcept { sd_event_unref(event); }
};
struct SdEventSourceUnref {
    // Disable it as well: libsystemd may still hold a reference while it dispatches.
    void operator()(sd_event_source* source) const noexcept { sd_event_source_disable_unref(source); }
};
} // namespace detail

using BusHandle = std::unique_ptr<sd_bus, detail::SdBusCloser>;
using UnflushedBusHandle = std::unique_ptr<sd_bus, detail::SdBusDropper>;
using BusMessageHandle = std::unique_ptr<sd_bus_message, detail::SdBusMessageUnref>;
using BusSlotHandle = std::unique_ptr<sd_bus_slot, detail::SdBusSlotUnref>;
using EventHandle = std::unique_ptr<sd_event, detail::SdEventUnref>;
using EventSourceHandle = std::unique_ptr<sd_event_source, detail::SdEventSourceUnref>;

// For functions that return the object through a pointer:
// makeHandle<EventHandle>([](sd_event** e) { return sd_event_default(e); }, "..."). Throws Error(Io) if the
// call fails.
template <typename Handle, typename Call>
Handle makeHandle(Call call, const char* what) {
    typename Handle::pointer raw = nullptr;
    checkSd(call(&raw), what);
    return Handle(raw);
}

// Frees an sd_bus_error.
class BusError {
public:
    BusError() = default;
    BusError(const BusError&) = delete;
    BusError& operator=(const BusError&) = delete;
    ~BusError() { sd_bus_error_free(&error_); }
    sd_bus_error* get() noexcept { return &error_; }
    [[nodiscard]] const char* name() const noexcept { return error_.name; }
    [[nodiscard]] const char* message() const noexcept { return error_.message; }

private:
    sd_bus_error error_{}; // SD_BUS_ERROR_NULL is a compound literal, which C++ does not have
};

} // namespace bootferry
