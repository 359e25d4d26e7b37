// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exit_status.h"

#include <algorithm>
#include <cstdlib>

#include "no_service.h"
#include "service_stopped.h"

namespace bootferry {
namespace {

constexpr ExitStatus table[] = {
    {EXIT_SUCCESS, std::nullopt, "Success."},
    {EXIT_FAILURE, ErrorCode::Internal,
     "Another failure: a bug, a crashed worker, or an error writing to standard output."},
    {exitUsage, ErrorCode::Invalid, "The command line, a URL or an option is invalid."},
    {10, ErrorCode::NotFound,
     "The file, device or transfer does not exist, on the server (where a folder or device is no file) or on "
     "this machine, or the transfer to cancel has ended."},
    {11, ErrorCode::Auth, "The user name, password or key is missing or was refused."},
    {12, ErrorCode::Tls, "The server's certificate or host key was not accepted."},
    {13, ErrorCode::Unreachable,
     "The server cannot be reached, its name does not resolve, it cut the connection, or it is busy or "
     "broken "
     "(HTTP 408, 429, 5xx)."},
    {14, ErrorCode::Timeout,
     "The time limit was reached and nothing else was wrong, or nothing arrived for too long. If another "
     "failure came before, the status is that failure's."},
    {15, ErrorCode::Protocol, "The server violates its protocol, or always stops at the same byte."},
    {16, ErrorCode::Range, "The source changed, or the server cannot resume."},
    {17, ErrorCode::Checksum, "The checksum does not match, or the checksum list on the server is unusable."},
    {18, ErrorCode::NotLive,
     "The bytes are not a live image, or not one in which a boot would find the root image."},
    {19, ErrorCode::Corrupt, "Compressed data cannot be decoded."},
    {20, ErrorCode::TargetRefused,
     "The file or device is of the wrong kind, holds other data, is in use, or is write-protected."},
    {21, ErrorCode::TooLarge,
     "The image does not fit: no room on the target, not enough memory, or a medium smaller than its image."},
    {22, ErrorCode::Io, "A read or write on this machine failed."},
    {23, ErrorCode::NotPermitted, "Permission denied."},
    {24, ErrorCode::Unsupported,
     "No plugin serves the URL's scheme, this build does not support the option, or the verb cannot handle "
     "this source or medium."},
    {exitNotVerified, std::nullopt,
     "The device holds an image already, which was not compared with the requested checksum."},
    {exitNoService, std::nullopt, "bootferryd is not running, or has exited."},
    {exitInterrupted, ErrorCode::Cancelled, "Interrupted by a signal, or cancelled by another client."},
};

} // namespace

std::span<const ExitStatus> exitStatuses() {
    return table;
}

int exitStatusOf(ErrorCode code) {
    const auto* found = std::find_if(std::begin(table), std::end(table),
                                     [code](const auto& row) { return row.code == code; });
    return found != std::end(table) ? found->number : EXIT_FAILURE;
}

int exitStatusOf(const std::exception& error) {
    if (dynamic_cast<const NoService*>(&error) != nullptr) {
        return exitNoService;
    }
    const auto* ours = dynamic_cast<const Error*>(&error);
    return ours != nullptr ? exitStatusOf(ours->code()) : EXIT_FAILURE;
}

int exitStatusOfName(std::string_view name) {
    if (name == serviceStopped) {
        return exitNoService;
    }
    const auto code = errorCodeFromName(name.substr(name.rfind('.') + 1));
    return code ? exitStatusOf(*code) : EXIT_FAILURE;
}

} // namespace bootferry
