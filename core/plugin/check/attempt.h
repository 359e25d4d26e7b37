// SPDX-License-Identifier: LGPL-2.1-or-later
// One session of the plugin under test, through the bare ABI: every call is compared with what was reported
// while it ran, and what the ABI forbids is thrown as Fault. The host's structures lie at the very end of
// their page with nothing mapped behind them, so that a plugin which touches a field that does not exist for
// it dies instead of getting away with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bootferry/plugin.h"
#include "handles.h"
#include "plugin_module.h"

namespace bootferry {

// What is wrong with the plugin.
class Fault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Memory of exactly that size, zeroed, before a page that must not be touched.
class GuardedMemory {
public:
    explicit GuardedMemory(std::size_t size);
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    ~GuardedMemory();
    [[nodiscard]] std::byte* get() const { return start_; }
    template <typename Structure>
    [[nodiscard]] Structure* as() const {
        return reinterpret_cast<Structure*>(start_);
    }

private:
    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* start_ = nullptr;
};

struct PluginUnderTest {
    const PluginModule* module = nullptr;
    std::string url;
    std::vector<std::pair<std::string, std::string>> options;
    std::map<std::string, std::string> credentials;
};

struct Failed {
    int code = 0;
    std::string message;
};

struct Told {
    std::optional<std::uint64_t> size;
    bool resumable = false;
    std::string validator;
};

class Attempt {
public:
    explicit Attempt(const PluginUnderTest& plugin, bool withOptions = true);
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt();

    [[nodiscard]] std::optional<Failed> setOption(const std::string& key, const std::string& value);
    [[nodiscard]] std::optional<Failed> open(std::uint64_t offset = 0, const std::string& validator = {});
    [[nodiscard]] std::optional<Failed> openUrl(const std::string& url, std::uint64_t offset = 0,
                                                const std::string& validator = {});
    [[nodiscard]] Told info();
    // Bytes read, 0 at the end; Failed in `failure` where it failed.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, std::optional<Failed>& failure);
    void finish(bootferry_outcome outcome);
    void cancel(); // from any thread

    // For the way without trouble: a failure there is a Fault.
    void mustOpen(std::uint64_t offset = 0, const std::string& validator = {});
    [[nodiscard]] std::size_t mustRead(std::span<std::byte> into);

private:
    template <typename Call>
    std::optional<Failed> judged(const char* what, Call call);

    const PluginUnderTest& plugin_;
    UniqueFd cancel_;
    GuardedMemory hostMemory_;
    bootferry_session* session_ = nullptr;

    std::mutex mutex_;
    std::vector<Failed> failures_; // of the call under way
};

[[nodiscard]] std::string codeName(int code);

} // namespace bootferry
