// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin's options, checked where they are set.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bootferry/plugin.h"
#include "connections.h"

namespace bootferry::dolly {

struct Settings {
    Ports ports;
    std::optional<std::string> password;
    std::string name; // the name of this node in the list; empty: find the node by addresses and host name
    plugin::Family family = plugin::Family::Any;
    bool hyphenIsNormal = false;
    std::optional<unsigned> retries; // to reach the next node; absent: as long as the server waits
    std::optional<std::chrono::seconds> startTimeout;
    std::chrono::seconds ackTimeout{600};
    std::size_t blockSize = 4096;
    std::size_t buffer = std::size_t{32} * 1024 * 1024; // bytes

    void set(const std::string& key, const std::string& value);
    static const bootferry_option* described();
};

} // namespace bootferry::dolly
