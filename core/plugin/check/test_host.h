// SPDX-License-Identifier: LGPL-2.1-or-later
// The host as the plugin under test sees it: the functions that it may call, what it reports with them during
// a call, and the memory that each call lends it. Nothing here throws into the plugin, which is C.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bootferry/plugin.h"
#include "call_record.h"
#include "guarded_memory.h"
#include "handles.h"
#include "name_lookup.h"
#include "plugin_module.h"
#include "process_state.h"

namespace bootferry {

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
    // Its sessions are used in several threads at a time: what each call does to the process cannot be told.
    bool inThreads = false;
};

struct Failure {
    int code = 0;
    std::string message; // with the text of the errno, and the name of a call that the sandbox refused
};

// The size of a structure in version 1 of the ABI. Plugins are tested with this oldest size: the fields that
// the header has added since are on the inaccessible page.
constexpr std::uint32_t endingWith(std::size_t offset, std::size_t size) {
    constexpr std::size_t aligned = alignof(std::uint64_t);
    return static_cast<std::uint32_t>((offset + size + aligned - 1) / aligned * aligned);
}

// The size that the plugin is given, of a structure that it may know in its oldest form or in the one of this
// header.
[[nodiscard]] std::uint32_t sizeFor(HostAge host, std::uint32_t oldest, std::size_t known);

// The fields that a later version will append: a plugin neither reads nor writes fields that it does not
// know.
void fillUnknown(const GuardedMemory& memory, std::size_t known, std::uint32_t size);
[[nodiscard]] bool isUnknownUntouched(const GuardedMemory& memory, std::size_t known, std::uint32_t size);

[[nodiscard]] bool hasControlCharacter(std::string_view text);

class TestHost {
public:
    explicit TestHost(const PluginUnderTest& plugin);
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;
    ~TestHost() = default;

    [[nodiscard]] const bootferry_host* table() const { return memory_.as<const bootferry_host>(); }
    [[nodiscard]] int cancelFd() const { return cancel_.get(); }
    void cancel(); // callable from any thread

    struct Reports {
        std::optional<std::string> wrong; // with a text that it passed
        std::vector<Failure> failures;
    };
    void beginCall(); // forgets what was reported before
    void endCall();   // what was lent for it becomes inaccessible
    // In the last call, the longest time without a sign of life: its begin, host->status, its end.
    [[nodiscard]] std::chrono::steady_clock::duration longestSilence() const { return longestSilence_; }
    [[nodiscard]] unsigned statuses() const { return statuses_; } // in the last call
    [[nodiscard]] Reports takeReports();

    // Memory that becomes inaccessible with endCall(), when the call that it was passed to has returned.
    const char* lend(const std::string& text);
    GuardedMemory& lendRequest(std::uint32_t size);

private:
    struct Functions;
    void noteLife();
    void checkText(const char* what, const char* text);

    const PluginUnderTest& plugin_;
    UniqueFd cancel_;
    ResolvedName resolved_;
    GuardedMemory memory_; // of the table
    std::vector<std::unique_ptr<GuardedMemory>> lent_;
    std::size_t revoked_ = 0; // the first so many of lent_ are inaccessible

    std::mutex mutex_; // a plugin may report from threads of its own
    Reports reports_;
    std::chrono::steady_clock::time_point lastLife_;
    std::chrono::steady_clock::duration longestSilence_{};
    std::atomic<unsigned> statuses_ = 0;
};

} // namespace bootferry
