// SPDX-License-Identifier: LGPL-2.1-or-later
// One session of the plugin under test, through the bare ABI. The result of every call must agree with the
// failures reported during the call; a violation of the ABI is thrown as Fault, and so is what the call did
// to the process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bootferry/plugin.h"
#include "call_record.h"
#include "guarded_memory.h"
#include "handles.h"
#include "name_lookup.h"
#include "plugin_module.h"
#include "process_state.h"

namespace bootferry {

// The plugin violates the ABI; what() says how.
class Fault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// It may be somebody else's fault: the plugin took too long, and the machine may be busy. The check is
// repeated.
class Late : public Fault {
public:
    using Fault::Fault;
};

// The server could not be reached. The check is repeated, and undecided if that happens each time.
class Unreached : public Fault {
public:
    using Fault::Fault;
};

// How the host's structures end: with version 1 of the ABI, or behind all that this header has, with fields
// that only a later one knows.
enum class HostAge { Oldest, Newest };

struct PluginUnderTest {
    const PluginModule* module = nullptr;
    HostAge host = HostAge::Oldest;
    std::string url;
    std::vector<std::pair<std::string, std::string>> options;
    std::map<std::string, std::string> credentials;
    CallRecord* calls = nullptr;
    const ProcessState* before = nullptr; // the module was loaded
};

struct Failure {
    int code = 0;
    std::string message; // with the text of the errno, and the name of a call that the sandbox refused
};

struct ResourceInfo {
    std::optional<std::uint64_t> size;
    bool resumable = false;
    bool spliceable = false;
    bool ranges = false;
    std::string validator;
};

class Attempt {
public:
    explicit Attempt(const PluginUnderTest& plugin, bool withOptions = true);
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt();

    [[nodiscard]] std::optional<Failure> setOption(const std::string& key, const std::string& value);
    [[nodiscard]] std::optional<Failure> open(std::uint64_t offset = 0, const std::string& validator = {});
    [[nodiscard]] std::optional<Failure> openUrl(const std::string& url, std::uint64_t offset = 0,
                                                 const std::string& validator = {},
                                                 std::uint64_t length = BOOTFERRY_SIZE_UNKNOWN);
    [[nodiscard]] ResourceInfo info();
    // Returns the bytes read, 0 at the end or after a failure, which is then in `failure`.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, std::optional<Failure>& failure);
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most, std::optional<Failure>& failure);
    void finish(bootferry_outcome outcome);
    void free();   // as the destructor, but throws what is wrong with it
    void cancel(); // callable from any thread

    // For calls that must succeed: a failure is thrown as Unreached or Fault.
    void mustOpen(std::uint64_t offset = 0, const std::string& validator = {});
    [[nodiscard]] std::size_t mustRead(std::span<std::byte> into);

private:
    template <typename Call>
    std::optional<Failure> checked(const char* what, Call call);

    struct HostFunctions;
    // Hands the plugin a text that becomes inaccessible when the call it was passed to has returned.
    const char* lend(const std::string& text);
    [[nodiscard]] std::uint32_t sizeFor(std::uint32_t oldest, std::size_t known) const;
    void revokeLent();
    void checkText(const char* what, const char* text); // called by host functions
    void checkCancelFd(const char* what) const;
    void checkProcess(const char* what);

    const PluginUnderTest& plugin_;
    UniqueFd cancel_;
    ResolvedName resolved_;
    GuardedMemory hostMemory_;
    bootferry_session* session_ = nullptr;
    unsigned reads_ = 0;
    int cancelFlags_ = 0;

    std::string validator_; // as info last returned it
    std::vector<std::unique_ptr<GuardedMemory>> lent_;
    std::size_t revoked_ = 0; // the first so many of lent_ are inaccessible
    std::atomic<bool> cancelled_ = false;

    std::mutex mutex_;
    std::vector<Failure> failures_;    // reported during the current call
    std::optional<std::string> wrong_; // with a text during the current call
};

// Of a call that must succeed. Throws Unreached if the server may be the reason, else Fault.
[[noreturn]] void throwFailure(const Failure& failure, const std::string& what);

[[nodiscard]] bool hasControlCharacter(std::string_view text);
[[nodiscard]] std::string codeName(int code);

} // namespace bootferry
