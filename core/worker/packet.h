// SPDX-License-Identifier: LGPL-2.1-or-later
// A channel message as bytes: numbers in the machine's byte order (both ends are one build), texts preceded
// by their length. The reader trusts nothing: it never reads beyond the given bytes, and missing or excess
// bytes are an error.
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
    void raw(const void* from, std::size_t size); // without a length: the rest of the packet

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

class PacketReader {
public:
    explicit PacketReader(std::span<const std::byte> bytes) : left_(bytes) {}

    // All throw Error(Protocol).
    [[nodiscard]] std::uint32_t number();
    [[nodiscard]] std::uint64_t wide();
    [[nodiscard]] std::string text();
    void end() const; // everything must have been read

private:
    std::span<const std::byte> take(std::size_t size);
    std::span<const std::byte> left_;
};

} // namespace bootferry
