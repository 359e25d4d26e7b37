// SPDX-License-Identifier: LGPL-2.1-or-later
// The certificates whose CMS signatures are accepted, PEM. They come from this machine, as the OpenPGP keys
// do, and lie beside them.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

[[nodiscard]] bool holdsCertificates(std::string_view text);

// Of all files *.pem and *.crt in the folder; empty if there are none. Throws Error(Invalid) for a file
// without a certificate, Error(Io).
[[nodiscard]] std::string certificatesFromFolder(const std::string& folder);

// The certificates in a text, without the rest: a private key beside them goes nowhere. name: for people.
// Throws Error(Invalid) if one of them is damaged.
[[nodiscard]] std::string certificatesIn(std::string_view text, const std::string& name);

} // namespace bootferry
