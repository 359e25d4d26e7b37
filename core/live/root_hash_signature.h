// SPDX-License-Identifier: LGPL-2.1-or-later
// The signature of a root hash (PKCS#7 over its hexadecimal digits, as for veritysetup's
// --root-hash-signature= and systemd's disk images), verified by libcrypto with the certificates of this
// machine.
#pragma once

#include <string>

namespace bootferry {

// signature: as parseRootHashSignature() has checked it. Returns who signed. Throws Error(NotFound) if no
// certificate is trusted or the file does not exist, Error(Checksum) if the signature is not accepted.
[[nodiscard]] std::string verifyRootHashSignature(const std::string& rootHash, const std::string& signature);

} // namespace bootferry
