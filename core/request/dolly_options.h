// SPDX-License-Identifier: LGPL-2.1-or-later
// rd.kiwi.live.dolly_options= holds words of the command line of a receiving dolly node, of the classic
// generation (0.58 to 0.64) and of openSUSE's 0.7x. They become options of the dolly plugin. docs/dolly.md
// documents the table; a test compares the two.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

enum class DollyTreatment {
    Honoured, // an option of the dolly plugin
    Harmless, // accepted without effect
    Refused,
};

struct DollyOption {
    char letter = 0;
    bool takesValue = false;
    DollyTreatment treatment = DollyTreatment::Refused;
    std::string_view text; // Honoured: the plugin's option; else the reason, part of a sentence
};

[[nodiscard]] std::span<const DollyOption> dollyOptionTable();

struct DollyOptions {
    std::vector<PluginOption> pluginOptions; // for the plugin "dolly", in the order given
    std::vector<std::string> ignored;        // "-v: why it changes nothing"
};

// Throws Error(Invalid, Unsupported) that names the option and what to do, and never quotes an option's
// value, which may be a password.
[[nodiscard]] DollyOptions parseDollyOptions(std::string_view text);

} // namespace bootferry
