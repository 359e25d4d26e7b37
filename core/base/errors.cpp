// SPDX-License-Identifier: LGPL-2.1-or-later
// One table describes every code: its D-Bus name, and whether a retry can help.
#include "errors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace bootferry {
namespace {

struct CodeTraits {
    ErrorCode code;
    std::string_view name;
    bool transient;
};

constexpr std::array codes{
    CodeTraits{ErrorCode::Cancelled, "Cancelled", false},
    CodeTraits{ErrorCode::Invalid, "Invalid", false},
    CodeTraits{ErrorCode::NotFound, "NotFound", false},
    CodeTraits{ErrorCode::Auth, "Auth", false},
    CodeTraits{ErrorCode::Tls, "Tls", false},
    CodeTraits{ErrorCode::Unreachable, "Unreachable", true},
    CodeTraits{ErrorCode::Timeout, "Timeout", true},
    CodeTraits{ErrorCode::Protocol, "Protocol", true},
    CodeTraits{ErrorCode::Range, "Range", true},
    CodeTraits{ErrorCode::Io, "Io", false},
    CodeTraits{ErrorCode::Internal, "Internal", false},
    CodeTraits{ErrorCode::Unsupported, "Unsupported", false},
    CodeTraits{ErrorCode::TooLarge, "TooLarge", false},
    CodeTraits{ErrorCode::Checksum, "Checksum", false},
    CodeTraits{ErrorCode::NotLive, "NotLive", false},
    CodeTraits{ErrorCode::TargetRefused, "TargetRefused", false},
    CodeTraits{ErrorCode::NotPermitted, "NotPermitted", false},
    CodeTraits{ErrorCode::Corrupt, "Corrupt", false},
};

const CodeTraits& traitsOf(ErrorCode code) {
    const auto* found =
        std::find_if(codes.begin(), codes.end(), [code](const auto& t) { return t.code == code; });
    return found != codes.end() ? *found : traitsOf(ErrorCode::Internal);
}

bool saysNoRoom(int errnoValue) {
    return errnoValue == ENOSPC || errnoValue == EDQUOT || errnoValue == EFBIG;
}

} // namespace

std::string_view errorName(ErrorCode code) {
    return traitsOf(code).name;
}

std::optional<ErrorCode> errorCodeFromName(std::string_view name) {
    const auto* found =
        std::find_if(codes.begin(), codes.end(), [name](const auto& t) { return t.name == name; });
    return found != codes.end() ? std::optional(found->code) : std::nullopt;
}

std::optional<ErrorCode> errorCodeFromNumber(int number) {
    const auto* found = std::find_if(codes.begin(), codes.end(),
                                     [number](const auto& t) { return static_cast<int>(t.code) == number; });
    return found != codes.end() ? std::optional(found->code) : std::nullopt;
}

bool isTransient(ErrorCode code) {
    return traitsOf(code).transient;
}

Error::Error(ErrorCode code, int errnoValue, std::string message)
    : code_(code == ErrorCode::Io && saysNoRoom(errnoValue) ? ErrorCode::TooLarge : code), errno_(errnoValue),
      message_(std::move(message)) {
    if (errno_ != 0) {
        message_ += ": " + errnoText(errno_);
    }
}

void Error::addContext(std::string_view context) {
    message_ = std::string(context) + ": " + message_;
}

std::string errnoText(int errnoValue) {
    std::array<char, 256> buffer{};
    return strerror_r(errnoValue, buffer.data(), buffer.size()); // the GNU form returns the text
}

int checkSd(int result, std::string_view what) {
    if (result < 0) {
        throwErrno(-result, what);
    }
    return result;
}

void refuse(ErrorCode code, std::string message) {
    throw Error(code, std::move(message));
}

void throwErrno(int errnoValue, std::string_view what) {
    throw Error(ErrorCode::Io, errnoValue, std::string(what));
}

} // namespace bootferry
