// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages of the SSH File Transfer Protocol, version 3 (draft-ietf-secsh-filexfer-02), which is the one
// that servers speak: only those that reading a file takes. Each is a length, a type and a number by which an
// answer refers to its request; the numbers in it are big-endian. Types and status codes are libssh's names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <libssh/sftp.h>

namespace bootferry::sftp {

// A message under construction.
class Request {
public:
    // The first message has the protocol's version where others have their number.
    Request(std::uint8_t type, std::uint32_t id);

    Request& number(std::uint32_t value);
    Request& longNumber(std::uint64_t value);
    Request& text(std::string_view value);

    [[nodiscard]] std::string message() const; // with its length in front

private:
    std::string body_;
};

// A message's fields, one after the other. Each throws Failure(PROTOCOL) where the message has no more.
class Fields {
public:
    explicit Fields(std::string_view bytes) : left_(bytes) {}

    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint32_t number();
    [[nodiscard]] std::uint64_t longNumber();
    [[nodiscard]] std::string_view text();

private:
    std::string_view take(std::size_t count);
    std::string_view left_;
};

// What the server tells of a file; nothing of what it does not tell.
struct Attributes {
    std::optional<std::uint64_t> size;
    std::optional<std::uint32_t> permissions; // st_mode
    std::optional<std::uint32_t> modified;    // seconds since 1970

    static Attributes parse(Fields& fields);
};

} // namespace bootferry::sftp
