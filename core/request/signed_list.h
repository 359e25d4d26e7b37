// SPDX-License-Identifier: LGPL-2.1-or-later
// A checksum list that is signed (OpenPGP or CMS): what is requested, where the signature lies, and whether
// this machine accepts anything else. A checksum from an unsigned list protects against damage; one from a
// signed list also against whoever can change the files on the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

// text: the URL of the signature, or "auto". Throws Error(Invalid).
void setSignature(TransferRequest& request, std::string_view text);

// text: "required", the only value. Throws Error(Invalid).
void setVerify(TransferRequest& request, std::string_view text);

// Call when the request is complete. One that must be signed gets a signature that is looked for. Throws
// Error(Invalid) if a signature is wanted and there is no list on a server that could be signed.
void requireSignedList(TransferRequest& request);

// Refuses a text that signers do not write and that programs read differently: with control characters or
// overlong lines. Throws Error(Checksum).
void requirePlainList(std::string_view text);

// Is the text signed inline, as Fedora publishes its lists? Then its signature is not a file of its own.
[[nodiscard]] bool isSignedInline(std::string_view text);

// Where the signature of a list is looked for, in this order: beside it, under the usual names.
[[nodiscard]] std::vector<Url> usualSignatures(const Url& list);

// The folder of this machine's own settings, /etc/bootferry. Outside an initrd, $BOOTFERRY_SETTINGS replaces
// it, for tests: in an initrd, the kernel command line can set variables of services.
[[nodiscard]] std::string settingsFolder();

// Does the file "verify" in the folder of settings demand a signature of every boot? The kernel command line
// cannot undo it. Throws Error(Invalid) if the file says something else.
[[nodiscard]] bool requiresSignatures(const std::string& folder);

} // namespace bootferry
