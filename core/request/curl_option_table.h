// SPDX-License-Identifier: LGPL-2.1-or-later
// Every command-line option of curl and how bootferry treats it, as data: curl 7.88 of Debian 12
// (`curl --help all`, and the names it accepts beside those), and what curl 8 added (its docs/cmdline-opts).
// No option is ignored silently. bootferry-curl-options(7) documents this table; tests compare it with that
// page, with the installed curl and with the curl plugin.
#pragma once

#include <span>
#include <string_view>

namespace bootferry {

enum class CurlArity {
    Switch,    // --name and --no-name; off by default
    DefaultOn, // likewise, on by default; curl's own help shows it as --no-name
    Alone,     // --name, and curl has no --no-name
    Value,     // --name VALUE
};

enum class CurlTreatment {
    Honoured, // an option of the curl plugin
    Retry,    // likewise, but without effect: bootferry has its own rules, and the plugin reports that
    Harmless, // accepted without effect: already the case, or about something bootferry does not have
    Refused,
};

struct CurlOption {
    std::string_view name;
    char letter = 0;
    CurlArity arity = CurlArity::Switch;
    CurlTreatment treatment = CurlTreatment::Refused;
    std::string_view why; // Harmless, Refused: the reason, part of a sentence
    // Honoured: the plugin's option, if not the same name; for DefaultOn the plugin's option for --no-name.
    std::string_view key;
    std::string_view offKey; // the plugin's option for --no-name, if leaving the option out is not enough
    bool newer = false;      // than curl 7.88
};

[[nodiscard]] std::span<const CurlOption> curlOptionTable();

} // namespace bootferry
