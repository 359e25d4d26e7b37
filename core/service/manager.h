// SPDX-License-Identifier: LGPL-2.1-or-later
// All transfers: the running ones, and the last finished ones, which are kept so that a late client can still
// read their result. Decides which targets may be written at the same time. Independent of D-Bus.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "transfer.h"

namespace bootferry {

struct ServiceSettings {
    WorkerProgram program;
    std::string pluginDir;
    Credentials credentials;      // of the service, used for every transfer
    std::string runtimeDirectory; // "/run/bootferry"
    std::string settingsFolder;   // "/etc/bootferry"
    bool inInitrd = false;
};

class ManagerListener {
public:
    ManagerListener() = default;
    ManagerListener(const ManagerListener&) = delete;
    ManagerListener& operator=(const ManagerListener&) = delete;
    virtual ~ManagerListener() = default;

    virtual void transferNew(Transfer& transfer) = 0;
    virtual void transferChanged(Transfer& transfer) = 0;
    virtual void transferEnded(Transfer& transfer) = 0;     // its status can still be read
    virtual void transferForgotten(Transfer& transfer) = 0; // the last call for this transfer
};

class Manager : private TransferListener {
public:
    Manager(sd_event* event, ServiceSettings settings);

    void setListener(ManagerListener& listener) { listener_ = &listener; }

    // Throws Error: TargetRefused, Unsupported, Unreachable (the service is ending), Io. The caller checks
    // permissions.
    Transfer& start(TransferRequest request);
    void cancel(std::uint32_t id); // throws Error(NotFound)
    void stopAll();                // cancels them, because the service ends
    // From now on start() throws this. By default because the service is about to end.
    void refuseMore(const std::string& why = "bootferryd is stopping: try again") { refusal_ = why; }

    [[nodiscard]] const std::string& refusal() const { return refusal_; } // empty: none

    [[nodiscard]] Transfer* find(std::uint32_t id) const;
    [[nodiscard]] const std::map<std::uint32_t, std::unique_ptr<Transfer>>& transfers() const {
        return transfers_;
    }
    [[nodiscard]] bool idle() const; // no transfer is running
    [[nodiscard]] const ServiceSettings& settings() const { return settings_; }

private:
    void readable(Transfer& transfer) override;
    void changed(Transfer& transfer) override;
    void ended(Transfer& transfer) override;
    void forgetOldest();

    sd_event* event_;
    ServiceSettings settings_;
    ManagerListener* listener_ = nullptr;
    std::uint32_t lastId_;
    std::string refusal_; // empty: none
    std::map<std::uint32_t, std::unique_ptr<Transfer>> transfers_;
};

} // namespace bootferry
