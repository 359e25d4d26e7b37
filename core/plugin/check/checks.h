// SPDX-License-Identifier: LGPL-2.1-or-later
// What bootferry-plugin-check tries, one function a promise of bootferry/plugin.h. Each runs in a process of
// its own, after the first, which reads the resource that the others compare with.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "attempt.h"
#include "reference.h"

namespace bootferry {

struct CheckSettings {
    std::string modulePath;
    PluginUnderTest plugin; // its module is loaded in the check's own process
    std::string scheme;
    std::optional<std::string> expectedSha256;
    std::optional<std::string> missingUrl; // nothing is there
    std::optional<std::string> waitingUrl; // open or read waits there for ever
    Reference reference;
};

// There is nothing to be checked here; what() says why.
class Skipped : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Check {
    const char* name;
    void (*run)(CheckSettings&); // returns, or throws Fault or Skipped
};

// The first one fills the reference; without it the others make no sense.
[[nodiscard]] std::span<const Check> pluginChecks();

} // namespace bootferry
