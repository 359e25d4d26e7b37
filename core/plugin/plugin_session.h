// SPDX-License-Identifier: LGPL-2.1-or-later
// One session of a plugin, seen as C++: calls go down as the ABI wants them, failures come up as Error. This
// is the border where nothing is believed: a call that fails without a reason, delivers more than there was
// room for or names no known code is a defect of the plugin's, reported as such under its name, never passed
// on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "byte_source.h"
#include "errors.h"
#include "plugin_module.h"

namespace bootferry {

// What the plugin is waiting for, for the progress display. May come from a thread of the plugin's. Empty:
// the session is one of many of a transfer, and what it says is for debugging.
using StatusCallback = std::function<void(const std::string&)>;

// Under which name a file that an option names can be opened here; the name itself where there is no other.
using FileNames = std::function<std::string(const std::string& path)>;

// A ByteSource once open() has returned; any failure ends it.
class PluginSession : public ByteSource {
public:
    PluginSession(const PluginModule& module, std::map<std::string, std::string> credentials,
                  StatusCallback status, FileNames files = {});
    ~PluginSession() override;

    void setOption(const std::string& key, const std::string& value);
    void open(const OpenRequest& request, std::uint32_t flags = 0); // flags: of bootferry_request

    [[nodiscard]] std::size_t read(std::span<std::byte> into) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most) override;
    [[nodiscard]] SourceInfo info() override;
    void finish(Outcome outcome) override;

private:
    struct HostFunctions; // the C functions of the table, with access to the members below

    template <typename Call>
    auto guarded(const char* what, Call call);
    [[nodiscard]] std::size_t delivered(const char* what, ssize_t count, std::size_t most) const;
    void endCall(const char* what, bool failed);
    [[noreturn]] void misbehaved(const std::string& how) const;
    [[nodiscard]] std::string withOwnNames(std::string text) const;
    void noteFailure(int code, int errnoValue, const char* message) noexcept;

    const PluginModule& module_;
    std::map<std::string, std::string> credentials_;
    StatusCallback status_;
    FileNames files_;
    std::map<std::string, std::string> fileNames_; // by the options' own
    bootferry_host host_{};
    bootferry_session* session_ = nullptr;

    std::mutex mutex_; // guards the two below: host functions may be called from the plugin's threads
    std::optional<Error> failure_;
    std::optional<std::uint32_t> retryAfter_;
};

} // namespace bootferry
