// SPDX-License-Identifier: LGPL-2.1-or-later
// A message of the channel as bytes: numbers as this machine has them (both ends are one build), texts with
// their length before them. The reader believes nothing: it never looks beyond the bytes it was given, and
// what is missing or left over is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

class PacketWriter {
public:
    void number(std::uint32_t value);
    void wide(std::uint64_t value);
    void text(std::string_view value);

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    void raw(const void* from, std::size_t size);
    std::vector<std::byte> bytes_;
};

class PacketReader {
public:
    explicit PacketReader(std::span<const std::byte> bytes) : left_(bytes) {}

    // All throw Error(Protocol).
    [[nodiscard]] std::uint32_t number();
    [[nodiscard]] std::uint64_t wide();
    [[nodiscard]] std::string text();
    void end() const; // all was read

private:
    std::span<const std::byte> take(std::size_t size);
    std::span<const std::byte> left_;
};

} // namespace bootferry
