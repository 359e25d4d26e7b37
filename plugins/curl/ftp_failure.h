// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps the refusals of FTP and TFTP servers to the ABI's error codes and a message for the console. Pure.
#pragma once

#include <optional>

#include "transfer_failure.h"

namespace bootferry::curl {

// nullopt if the last reply is not a refusal (RFC 959, section 4.2).
[[nodiscard]] std::optional<plugin::Failure> failureOfFtpReply(const TransferEnd& end);

// nullopt if neither the server's error (RFC 1350, section 5) nor its silence is the reason.
[[nodiscard]] std::optional<plugin::Failure> failureOfTftp(const TransferEnd& end);

} // namespace bootferry::curl
