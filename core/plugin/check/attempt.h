// SPDX-License-Identifier: LGPL-2.1-or-later
// One session of the plugin under test, through the bare ABI. The result of every call must agree with the
// failures reported during the call; a violation of the ABI is thrown as Fault, and so is what the call did
// to the process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bootferry/plugin.h"
#include "test_host.h"

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
                                                 std::uint64_t length = BOOTFERRY_SIZE_UNKNOWN,
                                                 std::uint32_t flags = 0);
    [[nodiscard]] ResourceInfo info();
    // Returns the bytes read, 0 at the end or after a failure, which is then in `failure`.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, std::optional<Failure>& failure);
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most, std::optional<Failure>& failure);
    void finish(bootferry_outcome outcome);
    void free();   // as the destructor, but throws what is wrong with it
    void cancel(); // callable from any thread
    [[nodiscard]] unsigned statuses() const {
        return host_.statuses();
    } // calls of host->status in the last call

    // For calls that must succeed: a failure is thrown as Unreached or Fault.
    void mustOpen(std::uint64_t offset = 0, const std::string& validator = {});
    [[nodiscard]] std::size_t mustRead(std::span<std::byte> into);

private:
    template <typename Call>
    std::optional<Failure> checked(const char* what, Call call);

    void checkCancelFd(const char* what) const;
    void checkProcess(const char* what);
    static void checkNewFields(const bootferry_info& info);

    const PluginUnderTest& plugin_;
    TestHost host_;
    bootferry_session* session_ = nullptr;
    unsigned reads_ = 0;
    int cancelFlags_ = 0;

    std::string validator_; // as info last returned it
    std::atomic<bool> cancelled_ = false;
};

// Of a call that must succeed. Throws Unreached if the server may be the reason, else Fault.
[[noreturn]] void throwFailure(const Failure& failure, const std::string& what);

[[nodiscard]] std::string codeName(int code);

} // namespace bootferry
