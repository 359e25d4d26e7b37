// SPDX-License-Identifier: LGPL-2.1-or-later
// A C++ wrapper of one plugin session: calls use the C ABI, failures are thrown as Error. The wrapper does
// not trust the plugin: if a call fails without a reason, returns more bytes than requested or reports an
// unknown error code, the wrapper reports a defect of this plugin (ErrorCode::Internal).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "name_lookup.h"
#include "plugin_module.h"

namespace bootferry {

// Receives what the plugin is waiting for, for the progress display. May be called from the plugin's threads.
// Empty for one of several parallel sessions of a transfer, whose messages are logged for debugging only.
using StatusCallback = std::function<void(const std::string&)>;

// A file that an option names, as this process can open it.
struct OptionFile {
    std::string name;                 // a path, usually the one in the option
    std::optional<ErrorCode> refusal; // why the supervisor does not hand the file over
};
// Called with the path in the option.
using FileNames = std::function<OptionFile(const std::string& path)>;

// A ByteSource after open() has returned. Unusable after a failure.
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
    void finish() override;

private:
    struct LongestFirst { // one secret may be a part of another
        bool operator()(const std::string& left, const std::string& right) const {
            return left.size() != right.size() ? left.size() > right.size() : left < right;
        }
    };
    struct HostFunctions; // the C functions of the table, with access to the members below

    template <typename Call>
    auto guarded(const char* what, Call call);
    [[nodiscard]] std::size_t delivered(const char* what, ssize_t count, std::size_t most) const;
    void endCall(const char* what, bool failed);
    [[noreturn]] void throwDefective(const std::string& how) const;
    void noteSecret(const std::string& name, const std::string& value);
    [[nodiscard]] std::string withoutSecrets(const char* text);
    [[nodiscard]] std::string withUserPaths(std::string text) const;
    [[nodiscard]] ErrorCode classOf(ErrorCode code, const std::string& text) const;
    void noteFailure(int code, int errnoValue, const char* message) noexcept;

    const PluginModule& module_;
    std::map<std::string, std::string> credentials_;
    std::mutex secretsMutex_; // guards the one below
    std::set<std::string, LongestFirst>
        secrets_; // the credentials that the plugin has got, as they would be shown
    StatusCallback status_;
    FileNames files_;
    std::map<std::string, OptionFile> optionFiles_; // results of files_, by the path in the option
    int cancelFd_ = -1;
    ResolvedName resolved_; // the last one
    bootferry_host host_{};
    bootferry_session* session_ = nullptr;

    std::mutex mutex_; // guards the two below: the plugin's threads may call host functions
    std::optional<Error> failure_;
    std::optional<std::uint32_t> retryAfter_;
};

} // namespace bootferry
