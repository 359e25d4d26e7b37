// SPDX-License-Identifier: LGPL-2.1-or-later
// What went wrong, in words for the person at the console and in a code for the policy that decides what
// happens next. An Error is thrown where the failure is noticed and gathers context on its way up ("opening
// the target '/dev/sda'"); the text reads from the widest context to the cause. Only the code decides whether
// a transfer is tried again, never the text.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

// The first eleven are the plugin ABI's codes (bootferry/plugin.h), by the same numbers.
enum class ErrorCode {
    Cancelled = 1, // somebody asked for it
    Invalid,       // the request itself is wrong: URL, option, argument
    NotFound,      // the server has no such thing
    Auth,          // credentials missing or refused
    Tls,           // a certificate or host key was not accepted
    Unreachable,   // network, name service or server cannot serve now
    Timeout,       // nothing moved for too long
    Protocol,      // the peer broke its protocol
    Range,         // an offset cannot be honoured, or the source is not what it was
    Io,            // a local read or write failed
    Internal,      // a defect of ours or of a plugin's; a crashed worker too
    Unsupported,   // no plugin serves this scheme, or an option is not served
    TooLarge,      // image larger than the target or the memory
    Checksum,      // the bytes are not the ones that were asked for
    NotLive,       // the bytes are not a live image
    TargetRefused, // the target holds something else, is in use, or is read-only
    NotPermitted,  // the caller may not do this
    Corrupt,       // compressed bytes that do not decode
};

// The last element of the D-Bus error name, e.g. "NotFound" of org.bootferry1.Error.NotFound.
[[nodiscard]] std::string_view errorName(ErrorCode code);
[[nodiscard]] std::optional<ErrorCode> errorCodeFromName(std::string_view name);
[[nodiscard]] std::optional<ErrorCode> errorCodeFromNumber(int number);

// Worth another try without anybody changing anything?
[[nodiscard]] bool isTransient(ErrorCode code);

class Error : public std::exception {
public:
    Error(ErrorCode code, std::string message) : Error(code, 0, std::move(message)) {}
    // errnoValue, where not 0, is appended to the text as strerror has it.
    Error(ErrorCode code, int errnoValue, std::string message);

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    [[nodiscard]] int errnoValue() const noexcept { return errno_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

    // The server's own wish not to be tried again before (HTTP Retry-After).
    [[nodiscard]] std::optional<std::chrono::seconds> retryAfter() const noexcept { return retryAfter_; }
    void setRetryAfter(std::chrono::seconds wish) noexcept { retryAfter_ = wish; }

    // Puts "context: " before the text. Call in a catch block and rethrow with `throw;`.
    void addContext(std::string_view context);

private:
    ErrorCode code_;
    int errno_;
    std::string message_;
    std::optional<std::chrono::seconds> retryAfter_;
};

// An errno as the sentence part that strerror has for it; thread-safe.
[[nodiscard]] std::string errnoText(int errnoValue);

// For system calls: throws Error(Io, errno, what) where result is negative, else hands result back.
template <typename Result>
Result checkErrno(Result result, std::string_view what);

// For libsystemd: throws Error(Io, -result, what) where result is negative, else hands result back.
int checkSd(int result, std::string_view what);

[[noreturn]] void throwErrno(int errnoValue, std::string_view what);

// Throws Error(code, message): for functions that refuse in many places for one reason each.
[[noreturn]] void refuse(ErrorCode code, std::string message);

template <typename Result>
Result checkErrno(Result result, std::string_view what) {
    if (result < 0) {
        throwErrno(errno, what);
    }
    return result;
}

} // namespace bootferry
