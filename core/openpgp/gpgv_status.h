// SPDX-License-Identifier: LGPL-2.1-or-later
// What gpgv says on its status descriptor (GnuPG's doc/DETAILS), judged. Strict in what counts as good: a
// valid signature of a trusted key that is neither expired nor revoked, made with a hash that cannot be
// forged, and none beside it that is bad. A signature of another, unknown key beside it does no harm: whoever
// could add or remove it gains nothing. Pure.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace bootferry {

enum class SignatureForm {
    Detached, // in a file of its own
    Inline,   // "cleartext signed": gpgv writes out what is signed
};

struct GpgvResult {
    std::string_view status; // all lines
    int exitStatus = 0;
};

// Returns who signed, "FINGERPRINT USER-ID", several separated by "; ", as plain text. now: this machine's
// clock, for the reason. Throws Error(Checksum) that says why the signature is not accepted.
[[nodiscard]] std::string judgeSignature(const GpgvResult& result, SignatureForm form, std::time_t now);

} // namespace bootferry
