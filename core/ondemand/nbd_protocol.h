// SPDX-License-Identifier: LGPL-2.1-or-later
// The transmission phase of NBD with simple replies, as the kernel's client speaks it: the requests and
// replies as bytes. There is no handshake; the size is known to both sides. Source: "The NBD protocol",
// doc/proto.md of the nbd project, "Transmission phase". All numbers are big-endian. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bootferry::nbd {

inline constexpr std::size_t requestSize = 28;
inline constexpr std::size_t replySize = 16;
inline constexpr std::uint32_t longestPayload = std::uint32_t{32} << 20U; // proto.md, "Size constraints"

enum class Command : std::uint16_t { Read, Write, Disconnect, Flush, Trim, Cache, WriteZeroes };

// The numbers of proto.md, "Error values".
enum class Status : std::uint32_t { Success = 0, NotPermitted = 1, InputOutput = 5, Invalid = 22 };

struct Request {
    std::uint16_t command = 0; // may be none of Command
    std::uint64_t cookie = 0;  // repeated in the reply
    std::uint64_t offset = 0;
    std::uint32_t length = 0;

    [[nodiscard]] bool is(Command which) const { return command == static_cast<std::uint16_t>(which); }
    bool operator==(const Request&) const = default;
};

// nullopt if the bytes do not begin with a request's magic.
[[nodiscard]] std::optional<Request> parseRequest(std::span<const std::byte, requestSize> bytes);

[[nodiscard]] std::array<std::byte, replySize> replyTo(const Request& request, Status status);

} // namespace bootferry::nbd
