// SPDX-License-Identifier: LGPL-2.1-or-later
// The exception of this project: a text for the person at the console, and a code for the program that
// decides what to do next. An Error is thrown where the failure is noticed; callers add context to it
// ("opening the target '/dev/sda'"), so that the text reads from the widest context to the cause. Whether a
// transfer is retried depends on the code alone, never on the text.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

// The first eleven are the plugin ABI's codes (bootferry/plugin.h), with the same numbers.
enum class ErrorCode {
    Cancelled = 1, // by a user or a signal
    Invalid,       // the request itself is wrong: URL, option, argument
    NotFound,      // the resource on the server, or a file or device of this machine, does not exist
    Auth,          // credentials missing or refused
    Tls,           // a certificate or host key was not accepted
    Unreachable,   // the network, the name service or the server is not available now
    Timeout,       // no data for too long
    Protocol,      // the peer violated its protocol
    Range,         // the server cannot resume at this offset, or the source has changed
    Io,            // a local read or write failed
    Internal,      // a bug in bootferry or in a plugin, or a crashed worker
    Unsupported,   // no plugin for this scheme, or an option that is not supported
    TooLarge,      // no room: larger than the target, the memory or the free space
    Checksum,      // the checksum does not match, or the server's checksum list is unusable
    NotLive,       // the bytes are not a live image
    TargetRefused, // a target or file of the wrong kind, with other data, in use, or read-only
    NotPermitted,  // the caller may not do this, or a named file may not be read
    Corrupt,       // compressed data that cannot be decoded
};

// The last element of the D-Bus error name, e.g. "NotFound" of org.bootferry1.Error.NotFound.
[[nodiscard]] std::string_view errorName(ErrorCode code);
[[nodiscard]] std::optional<ErrorCode> errorCodeFromName(std::string_view name);
[[nodiscard]] std::optional<ErrorCode> errorCodeFromNumber(int number);

// Can a retry help although nobody has changed anything?
[[nodiscard]] bool isTransient(ErrorCode code);

class Error : public std::exception {
public:
    Error(ErrorCode code, std::string message) : Error(code, 0, std::move(message)) {}
    // Unless errnoValue is 0, its strerror(3) text is appended to the message. Io becomes TooLarge for an
    // errno that says so (ENOSPC, EDQUOT, EFBIG).
    Error(ErrorCode code, int errnoValue, std::string message);

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    [[nodiscard]] int errnoValue() const noexcept { return errno_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

    // How long the server asks clients to wait before a retry (HTTP Retry-After).
    [[nodiscard]] std::optional<std::chrono::seconds> retryAfter() const noexcept { return retryAfter_; }
    void setRetryAfter(std::chrono::seconds delay) noexcept { retryAfter_ = delay; }

    // Puts "context: " before the text. Call in a catch block and rethrow with `throw;`.
    void addContext(std::string_view context);

private:
    ErrorCode code_;
    int errno_;
    std::string message_;
    std::optional<std::chrono::seconds> retryAfter_;
};

// strerror(3), but thread-safe.
[[nodiscard]] std::string errnoText(int errnoValue);

// For system calls: throws Error(Io, errno, what) if result is negative, else returns result.
template <typename Result>
Result checkErrno(Result result, std::string_view what);

// For libsystemd: throws Error(Io, -result, what) if result is negative, else returns result.
int checkSd(int result, std::string_view what);

[[noreturn]] void throwErrno(int errnoValue, std::string_view what);

// Throws Error(code, message): for functions with many checks.
[[noreturn]] void refuse(ErrorCode code, std::string message);

template <typename Result>
Result checkErrno(Result result, std::string_view what) {
    if (result < 0) {
        throwErrno(errno, what);
    }
    return result;
}

} // namespace bootferry
