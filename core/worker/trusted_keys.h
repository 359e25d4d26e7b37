// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose signatures this machine accepts: OpenPGP keys, and certificates. Each file, and the credential, has
// one kind of them.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

struct TrustedKeys {
    std::string openpgp;      // binary (openpgp_keys.h)
    std::string certificates; // PEM (trusted_certificates.h)

    [[nodiscard]] bool empty() const { return openpgp.empty() && certificates.empty(); }

    // Throws Error(Invalid) if there is nothing of either kind. name: for people.
    void addText(std::string_view text, const std::string& name);
    void addFile(const std::string& path);     // throws Error
    void addFolder(const std::string& folder); // of the names that each kind has; throws Error
};

} // namespace bootferry
