// SPDX-License-Identifier: LGPL-2.1-or-later
// From a host's name to a connected socket. All its addresses are tried, the families in turn, each a quarter
// of a second after the one before unless that failed sooner (RFC 8305, "happy eyeballs"): an address that
// does not answer costs little.
#pragma once

#include "descriptor.h"
#include "sftp_url.h"
#include "waiter.h"

namespace bootferry::sftp {

using plugin::Descriptor;

// A non-blocking socket. Throws Failure(UNREACHABLE), and what the waiter throws.
[[nodiscard]] Descriptor connectTo(const SftpUrl& url, plugin::Waiter& waiter);

} // namespace bootferry::sftp
