// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds a secret in a text also as URLs and HTTP have it: percent-encoded, and in Base64 (RFC 4648) alone or
// behind a user's name, as Basic authentication sends it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

// How the text shows the secret: "", if it does not; else "it", "its percent-encoded form", …. A secret that
// is too short is found by chance, and not looked for.
[[nodiscard]] std::string_view shownForm(std::string_view text, std::string_view user,
                                         std::string_view secret);

} // namespace bootferry
