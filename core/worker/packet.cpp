// SPDX-License-Identifier: LGPL-2.1-or-later
#include "packet.h"

#include <cstring>

#include "errors.h"

namespace bootferry {

void PacketWriter::raw(const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
}

void PacketWriter::number(std::uint32_t value) {
    raw(&value, sizeof value);
}

void PacketWriter::wide(std::uint64_t value) {
    raw(&value, sizeof value);
}

void PacketWriter::text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
}

std::span<const std::byte> PacketReader::take(std::size_t size) {
    if (size > left_.size()) {
        throw Error(ErrorCode::Protocol, "a message on the worker's channel is truncated");
    }
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
}

std::uint32_t PacketReader::number() {
    std::uint32_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
}

std::uint64_t PacketReader::wide() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
}

std::string PacketReader::text() {
    const auto bytes = take(number());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void PacketReader::end() const {
    if (!left_.empty()) {
        throw Error(ErrorCode::Protocol, "a message on the worker's channel has trailing bytes");
    }
}

} // namespace bootferry
