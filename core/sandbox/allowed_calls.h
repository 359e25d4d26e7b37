// SPDX-License-Identifier: LGPL-2.1-or-later
// Which system calls the processes of a transfer may make: an allow-list like systemd.exec(5)'s
// SystemCallFilter=@system-service, but smaller. allowed_calls.cpp groups them by purpose, so that a plugin's
// author can see what is available.
#pragma once

#include "seccomp_filter.h"

namespace bootferry {

void allowCallsOfBoth(SeccompFilter& filter);           // of every process
void allowCallsOfReceiver(SeccompFilter& filter);       // further ones, of the process that uses the network
void allowCallsOfVerifier(SeccompFilter& filter);       // further ones, of the process that verifies
void allowCallsOfSignatureCheck(SeccompFilter& filter); // further ones, of gpgv

} // namespace bootferry
