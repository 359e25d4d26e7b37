// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt: wait for the sender, find this machine's place in the list, connect to the next nodes, then
// relay. dolly cannot resume, so a broken chain fails the attempt and the host starts over.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "relay.h"
#include "settings.h"

namespace bootferry::dolly {

class DollySession {
public:
    explicit DollySession(const bootferry_host* host) : host_(host) {}
    DollySession(const DollySession&) = delete;
    DollySession& operator=(const DollySession&) = delete;

    [[nodiscard]] const plugin::Host& host() const { return host_; }

    void setOption(const std::string& key, const std::string& value) { settings_.set(key, value); }
    void open(const bootferry_request& request);
    void info(bootferry_info& info) const;
    [[nodiscard]] std::size_t read(std::span<std::byte> into) { return relay_->read(into, *waiter_); }
    void finish(bootferry_outcome outcome);

private:
    void greetUpward(const Predecessor& predecessor) const;

    plugin::Host host_;
    Settings settings_;
    std::optional<Waiter> waiter_;
    std::unique_ptr<Relay> relay_;
};

} // namespace bootferry::dolly
