// SPDX-License-Identifier: LGPL-2.1-or-later
// A signature in a file of its own, as `openssl cms -sign -binary` and `openssl smime` write it (CMS, RFC
// 5652; PKCS#7 is its older form), verified by libcrypto. Each signer must be one of the trusted
// certificates, or have a certificate that one of them has issued. Pure, but for the clock.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

// Of the bytes of a signature, DER or PEM: not OpenPGP's.
[[nodiscard]] bool isCmsSignature(std::string_view signature);

// text: what is signed; certificates: trusted ones, PEM. Returns who signed, "sha256:FINGERPRINT SUBJECT",
// several separated by "; ", as plain text. Throws Error(Checksum) that says why the signature is not
// accepted.
[[nodiscard]] std::string verifyCmsSignature(std::string_view text, std::string_view signature,
                                             std::string_view certificates);

} // namespace bootferry
