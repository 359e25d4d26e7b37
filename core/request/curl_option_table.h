// SPDX-License-Identifier: LGPL-2.1-or-later
// Every command-line option of curl and what becomes of it here, as data: curl 7.88 as Debian 12 has it
// (`curl --help all`, and the names it takes beside those), and what curl 8 added (its docs/cmdline-opts). An
// option is in one class only, and none is dropped without a word. bootferry-curl-options(7) is this table
// for people; tests compare it with that page, with the installed curl and with the curl plugin.
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
    Retry,    // likewise, but bootferry retries by its own rules and the plugin says so
    Harmless, // accepted: what it asks for is so, or concerns what is not there
    Refused,
};

struct CurlOption {
    std::string_view name;
    char letter = 0;
    CurlArity arity = CurlArity::Switch;
    CurlTreatment treatment = CurlTreatment::Refused;
    std::string_view why; // Harmless, Refused: the reason, part of a sentence
    // Honoured: the plugin's option where it is not the name; of DefaultOn the one for --no-name.
    std::string_view key;
    std::string_view offKey; // the plugin's option for --no-name, where off is not simply its absence
    bool newer = false;      // than curl 7.88
};

[[nodiscard]] std::span<const CurlOption> curlOptionTable();

} // namespace bootferry
