// SPDX-License-Identifier: LGPL-2.1-or-later
// All transfers there are: the running ones, and the last finished ones, which stay so that who asks late
// still learns how it ended. Decides who may write where at the same time. Knows nothing of D-Bus.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "transfer.h"

namespace bootferry {

struct ServiceSettings {
    WorkerProgram program;
    std::string pluginDir;
    Credentials credentials;      // of the service, for every transfer
    std::string runtimeDirectory; // "/run/bootferry"
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
    virtual void transferEnded(Transfer& transfer) = 0;     // it can still be read
    virtual void transferForgotten(Transfer& transfer) = 0; // the last call for it
};

class Manager : private TransferListener {
public:
    Manager(sd_event* event, ServiceSettings settings);

    void setListener(ManagerListener& listener) { listener_ = &listener; }

    // Throws Error: NotPermitted never (that is the caller's business), TargetRefused, Unsupported,
    // Unreachable (the service is ending), Io.
    Transfer& start(TransferRequest request);
    void cancel(std::uint32_t id); // throws Error(NotFound)
    void cancelAll();
    void refuseMore() { refusing_ = true; } // the service is about to end

    [[nodiscard]] Transfer* find(std::uint32_t id) const;
    [[nodiscard]] const std::map<std::uint32_t, std::unique_ptr<Transfer>>& transfers() const {
        return transfers_;
    }
    [[nodiscard]] bool idle() const; // nothing runs
    [[nodiscard]] const ServiceSettings& settings() const { return settings_; }

private:
    void changed(Transfer& transfer) override;
    void ended(Transfer& transfer) override;
    void forgetOldest();

    sd_event* event_;
    ServiceSettings settings_;
    ManagerListener* listener_ = nullptr;
    std::uint32_t lastId_ = 0;
    bool refusing_ = false;
    std::map<std::uint32_t, std::unique_ptr<Transfer>> transfers_;
};

} // namespace bootferry
