// SPDX-License-Identifier: LGPL-2.1-or-later
// The table ends with version 1 of the ABI, or behind all that this header has; behind its end lies an
// inaccessible page.
#include "test_host.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>

#include "denied_call.h"
#include "encoded_secret.h"
#include "errors.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr auto oldestHost =
    endingWith(offsetof(bootferry_host, retry_after), sizeof(bootferry_host::retry_after));
constexpr std::size_t unknownFields = 64;
constexpr auto unknownByte = std::byte{0xa5};

TestHost& hostOf(void* context) {
    return *static_cast<TestHost*>(context);
}

} // namespace

std::uint32_t sizeFor(HostAge host, std::uint32_t oldest, std::size_t known) {
    return host == HostAge::Oldest ? oldest : static_cast<std::uint32_t>(known + unknownFields);
}

void fillUnknown(const GuardedMemory& memory, std::size_t known, std::uint32_t size) {
    if (size > known) {
        std::fill(memory.get() + known, memory.get() + size, unknownByte);
    }
}

bool isUnknownUntouched(const GuardedMemory& memory, std::size_t known, std::uint32_t size) {
    return size <= known || std::all_of(memory.get() + known, memory.get() + size,
                                        [](std::byte byte) { return byte == unknownByte; });
}

bool hasControlCharacter(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// What the plugin may call. Nothing here throws: the plugin is C.
struct TestHost::Functions {
    static void log(void* context, int, const char* message) { hostOf(context).checkText("log", message); }
    static void status(void* context, const char* text) {
        hostOf(context).noteLife();
        ++hostOf(context).statuses_;
        hostOf(context).checkText("status", text);
    }
    static void retryAfter(void* context, std::uint32_t) {
        auto& host = hostOf(context);
        const std::lock_guard lock(host.mutex_);
        if (!host.reports_.failures.empty() && !host.reports_.wrong) {
            host.reports_.wrong = "it called retry_after after fail";
        }
    }

    static void fail(void* context, bootferry_error code, int errnoValue, const char* message) {
        auto& host = hostOf(context);
        host.checkText("fail", message);
        Failure failure{.code = static_cast<int>(code), .message = plainText(message)};
        if (!failure.message.empty() && errnoValue > 0) {
            failure.message += ": " + std::generic_category().message(errnoValue);
        }
        if (const auto* call = takeDeniedCall();
            call != nullptr && (errnoValue == EPERM || errnoValue == 0)) {
            failure.message += fmt::format("; the sandbox refused the system call {}", call);
        } else if (errnoValue == EPERM) { // calls that no library needs are refused without a trace
            failure.message += "; the sandbox may have refused the call: compare with --no-sandbox";
        }
        const std::lock_guard lock(host.mutex_);
        host.reports_.failures.push_back(std::move(failure));
    }

    static const char* credential(void* context, const char* name) {
        const auto& credentials = hostOf(context).plugin_.credentials;
        const auto found = credentials.find(name != nullptr ? name : "");
        return found != credentials.end() ? found->second.c_str() : nullptr;
    }

    static const char* optionFile(void*, const char* path) { return path; }

    static int resolve(void* context, const char* name, bootferry_resolution* result) noexcept {
        auto& host = hostOf(context);
        return resolveForPlugin(name, host.cancel_.get(), host.resolved_, *result);
    }
};

// The host cleans what it is given, so that this costs no boot; but a person reads the text.
void TestHost::checkText(const char* what, const char* text) {
    const std::lock_guard lock(mutex_);
    if (reports_.wrong) {
        return;
    }
    if (text == nullptr) {
        reports_.wrong = fmt::format("it passed NULL as the text of {}", what);
        return;
    }
    if (hasControlCharacter(text)) {
        reports_.wrong =
            fmt::format("the text that it passed to {} has control characters: {}", what, escapedText(text));
        return;
    }
    if (plainText(text, SIZE_MAX) != text) {
        reports_.wrong = fmt::format(
            "the text that it passed to {} is not UTF-8, or has characters that control or mislead "
            "a terminal: {}",
            what, escapedText(text));
        return;
    }
    const auto user = plugin_.credentials.find("user");
    for (const auto& [name, secret] : plugin_.credentials) {
        const auto form =
            name == "user" ? std::string_view()
                           : shownForm(text, user != plugin_.credentials.end() ? user->second : "", secret);
        if (!form.empty()) {
            reports_.wrong =
                form == "it"
                    ? fmt::format("the text that it passed to {} contains the credential '{}'", what, name)
                    : fmt::format("the text that it passed to {} contains the credential '{}', in {}", what,
                                  name, form);
        }
    }
}

TestHost::TestHost(const PluginUnderTest& plugin)
    : plugin_(plugin), cancel_(checkErrno(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making an eventfd")),
      memory_(Lent::Host, sizeFor(plugin.host, oldestHost, sizeof(bootferry_host))) {
    auto* host = memory_.as<bootferry_host>();
    host->struct_size = sizeFor(plugin.host, oldestHost, sizeof(bootferry_host));
    host->abi_version = BOOTFERRY_ABI_VERSION;
    host->context = this;
    host->log = &Functions::log;
    host->status = &Functions::status;
    host->retry_after = &Functions::retryAfter;
    host->fail = &Functions::fail;
    host->credential = &Functions::credential;
    if (plugin.host == HostAge::Newest) {
        host->option_file = &Functions::optionFile;
        host->resolve = &Functions::resolve;
        fillUnknown(memory_, sizeof(bootferry_host), host->struct_size);
    }
}

void TestHost::cancel() {
    checkErrno(eventfd_write(cancel_.get(), 1), "cancelling");
}

void TestHost::beginCall() {
    const std::lock_guard lock(mutex_);
    reports_ = {};
    lastLife_ = std::chrono::steady_clock::now();
    longestSilence_ = {};
    statuses_ = 0;
    (void)takeDeniedCall();
}

void TestHost::noteLife() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    longestSilence_ = std::max(longestSilence_, now - std::exchange(lastLife_, now));
}

void TestHost::endCall() {
    noteLife();
    for (; revoked_ < lent_.size(); ++revoked_) {
        lent_[revoked_]->revoke();
    }
}

TestHost::Reports TestHost::takeReports() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reports_, {});
}

const char* TestHost::lend(const std::string& text) {
    auto& memory = *lent_.emplace_back(std::make_unique<GuardedMemory>(Lent::Text, text.size() + 1));
    std::memcpy(memory.get(), text.c_str(), text.size() + 1);
    return memory.as<const char>();
}

GuardedMemory& TestHost::lendRequest(std::uint32_t size) {
    return *lent_.emplace_back(std::make_unique<GuardedMemory>(Lent::Request, size));
}

} // namespace bootferry
