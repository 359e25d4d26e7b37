// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests to a part of the kernel that is spoken to by generic netlink, such as nbd. Written by hand: a
// request is a few attributes, an answer is an errno and at most one number, and libnl would make every
// initrd larger by more than this file has. What the library does beside that is done here: each request has
// a number, only the kernel's own packets are read, lengths in them are checked, and a lost answer is an
// error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handles.h"

namespace bootferry {

// Attributes in the order in which they are added, as they lie in a packet.
class NetlinkAttributes {
public:
    NetlinkAttributes& add(std::uint16_t type, std::uint32_t value);
    NetlinkAttributes& add(std::uint16_t type, std::uint64_t value);
    NetlinkAttributes& add(std::uint16_t type, std::string_view text);           // ends in a zero
    NetlinkAttributes& add(std::uint16_t type, const NetlinkAttributes& nested); // marked as nested

    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    NetlinkAttributes& addBytes(std::uint16_t type, std::string_view payload);

    std::string bytes_;
};

// The payload of the first attribute of this type; nullopt if there is none, or the bytes are cut.
[[nodiscard]] std::optional<std::string_view> findNetlinkAttribute(std::string_view bytes,
                                                                   std::uint16_t type);

class GenericNetlink {
public:
    // Throws Error(Unsupported) if the kernel has no such family, Error(Io).
    explicit GenericNetlink(const std::string& family);

    // Waits for the kernel's answer, and returns the attributes that came with it. Throws Error(Io) with the
    // errno that the kernel answers; its text begins with `what`.
    std::string request(std::uint8_t command, const NetlinkAttributes& attributes, const std::string& what);

private:
    std::string requestOf(std::uint16_t type, std::uint8_t command, const NetlinkAttributes& attributes,
                          const std::string& what);

    UniqueFd socket_;
    std::uint16_t family_ = 0;
    std::uint32_t sequence_ = 0;
};

} // namespace bootferry
