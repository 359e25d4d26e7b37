// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_message.h"

#include "host.h"

namespace bootferry::sftp {
namespace {

template <typename Number>
void append(std::string& to, Number value) {
    for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
        to += static_cast<char>(value >> shift & 0xffU);
    }
}

std::uint64_t valueOf(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) {
        value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
}

} // namespace

Request::Request(std::uint8_t type, std::uint32_t id) {
    body_ += static_cast<char>(type);
    number(id);
}

Request& Request::number(std::uint32_t value) {
    append(body_, value);
    return *this;
}

Request& Request::longNumber(std::uint64_t value) {
    append(body_, value);
    return *this;
}

Request& Request::text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    body_ += value;
    return *this;
}

std::string Request::message() const {
    std::string message;
    append(message, static_cast<std::uint32_t>(body_.size()));
    return message + body_;
}

std::string_view Fields::take(std::size_t count) {
    if (count > left_.size()) {
        throw plugin::Failure(BOOTFERRY_ERROR_PROTOCOL, "the server's sftp answer is truncated");
    }
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
}

std::uint8_t Fields::byte() {
    return static_cast<std::uint8_t>(valueOf(take(sizeof(std::uint8_t))));
}

std::uint32_t Fields::number() {
    return static_cast<std::uint32_t>(valueOf(take(sizeof(std::uint32_t))));
}

std::uint64_t Fields::longNumber() {
    return valueOf(take(sizeof(std::uint64_t)));
}

std::string_view Fields::text() {
    return take(number());
}

Attributes Attributes::parse(Fields& fields) {
    Attributes attributes;
    const auto present = fields.number();
    if ((present & SSH_FILEXFER_ATTR_SIZE) != 0) {
        attributes.size = fields.longNumber();
    }
    if ((present & SSH_FILEXFER_ATTR_UIDGID) != 0) {
        (void)fields.longNumber();
    }
    if ((present & SSH_FILEXFER_ATTR_PERMISSIONS) != 0) {
        attributes.permissions = fields.number();
    }
    if ((present & SSH_FILEXFER_ATTR_ACMODTIME) != 0) {
        (void)fields.number(); // of the last access
        attributes.modified = fields.number();
    }
    return attributes;
}

} // namespace bootferry::sftp
