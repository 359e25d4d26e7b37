// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt: wait for the sender, find this machine's place in the list, connect to the next nodes, then
// relay. dolly cannot resume, so a broken chain fails the attempt and the host starts over.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "host.h"
#include "relay.h"
#include "settings.h"

namespace bootferry::dolly {

class DollySession : public plugin::Session {
public:
    using Session::Session;

    void setOption(const std::string& key, const std::string& value) override { settings_.set(key, value); }
    void open(const bootferry_request& request) override;
    plugin::Info info() override;
    std::size_t read(void* buffer, std::size_t size) override {
        return relay_->read({static_cast<std::byte*>(buffer), size}, *waiter_);
    }
    void finish(bootferry_outcome outcome) override;

private:
    void greetUpward(const Predecessor& predecessor) const;

    Settings settings_;
    std::optional<Waiter> waiter_;
    std::unique_ptr<Relay> relay_;
};

} // namespace bootferry::dolly
