// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of bootferry-plugin-check, one function for each rule of bootferry/plugin.h. Each check runs in
// its own process. The first one reads the resource, and the others compare their bytes with it.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "attempt.h"
#include "dead_ends.h"
#include "faulty_proxy.h"
#include "reference.h"

namespace bootferry {

struct CheckSettings {
    std::string modulePath;
    PluginUnderTest plugin; // its module is loaded in the check's own process
    std::string scheme;
    std::vector<std::pair<std::string, std::string>> logins; // of the plugin's options, those that log in
    std::optional<std::string> expectedSha256;
    std::optional<std::string> missingUrl; // of a resource that does not exist
    std::optional<std::string> waitingUrl; // where open or read blocks forever
    std::optional<std::string> changedUrl; // of the resource with other bytes
    const FaultyProxy* proxy = nullptr;    // borrowed; there is none if the URL names no port
    const DeadEnds* deadEnds = nullptr;    // likewise
    Reference reference;
    std::vector<std::string> undefinedSymbols; // of the module alone, see linkage.h
    std::string remark;                        // of a check that passes: what the plugin's author should know
};

// The check does not apply; what() says why.
class Skipped : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Check {
    const char* name;
    void (*run)(CheckSettings&); // returns, or throws Fault or Skipped
    bool readsProc = false;      // the sandbox is not narrowed
    bool exits = false;          // its process ends as a worker does, with what modules do then
};

// The first one fills the reference, which the others need.
[[nodiscard]] std::span<const Check> pluginChecks();

} // namespace bootferry
