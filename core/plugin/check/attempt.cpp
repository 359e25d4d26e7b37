// SPDX-License-Identifier: LGPL-2.1-or-later
// checked() compares the result of a call with the reported failures; every call goes through it.
#include "attempt.h"

#include <array>
#include <cstddef>
#include <cstring>

#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr std::size_t longestValidator = 1023;

// The size of a structure in version 1 of the ABI. Plugins are tested with this oldest size: the fields that
// the header has added since are on the inaccessible page.
constexpr std::uint32_t endingWith(std::size_t offset, std::size_t size) {
    constexpr std::size_t aligned = alignof(std::uint64_t);
    return static_cast<std::uint32_t>((offset + size + aligned - 1) / aligned * aligned);
}
constexpr auto oldestHost =
    endingWith(offsetof(bootferry_host, retry_after), sizeof(bootferry_host::retry_after));
constexpr auto oldestRequest =
    endingWith(offsetof(bootferry_request, cancel_fd), sizeof(bootferry_request::cancel_fd));
constexpr auto oldestInfo =
    endingWith(offsetof(bootferry_info, validator), sizeof(bootferry_info::validator));

Attempt& attemptOf(void* context) {
    return *static_cast<Attempt*>(context);
}

} // namespace

std::string codeName(int code) {
    const auto known = errorCodeFromNumber(code);
    return known && code <= BOOTFERRY_ERROR_INTERNAL ? std::string(errorName(*known))
                                                     : fmt::format("the unknown code {}", code);
}

GuardedMemory::GuardedMemory(std::size_t size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto pages = (size + page - 1) / page * page;
    mapped_ = pages + page;
    mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) {
        throwErrno(errno, "mapping memory");
    }
    auto* base = static_cast<std::byte*>(mapping_);
    checkErrno(mprotect(base + pages, page, PROT_NONE), "guarding memory");
    start_ = base + pages - size;
}

GuardedMemory::~GuardedMemory() {
    munmap(mapping_, mapped_);
}

Attempt::Attempt(const PluginUnderTest& plugin, bool withOptions)
    : plugin_(plugin), cancel_(checkErrno(eventfd(0, EFD_CLOEXEC), "making an eventfd")),
      hostMemory_(oldestHost) {
    auto* host = hostMemory_.as<bootferry_host>();
    host->struct_size = oldestHost;
    host->abi_version = BOOTFERRY_ABI_VERSION;
    host->context = this;
    host->log = [](void*, int, const char*) {};
    host->status = [](void*, const char*) {};
    host->retry_after = [](void*, std::uint32_t) {};
    host->fail = [](void* context, bootferry_error code, int, const char* message) {
        auto& attempt = attemptOf(context);
        const std::lock_guard lock(attempt.mutex_);
        attempt.failures_.push_back({.code = static_cast<int>(code), .message = plainText(message)});
    };
    host->credential = [](void* context, const char* name) -> const char* {
        const auto& credentials = attemptOf(context).plugin_.credentials;
        const auto found = credentials.find(name != nullptr ? name : "");
        return found != credentials.end() ? found->second.c_str() : nullptr;
    };
    const auto failure = checked("session_new", [&] {
        session_ = plugin_.module->table().session_new(host);
        return session_ != nullptr ? 0 : -1;
    });
    if (failure) {
        throw Fault("session_new failed: " + failure->message);
    }
    if (withOptions) {
        for (const auto& [key, value] : plugin_.options) {
            if (const auto refused = setOption(key, value)) {
                throw Fault(fmt::format("the plugin refuses the option '{}': {}", key, refused->message));
            }
        }
    }
}

Attempt::~Attempt() {
    if (session_ != nullptr) {
        plugin_.module->table().session_free(session_);
    }
}

// A failing call must return -1 and call host->fail exactly once, with a valid code and a message. A
// succeeding call must not call it.
template <typename Call>
std::optional<Failure> Attempt::checked(const char* what, Call call) {
    {
        const std::lock_guard lock(mutex_);
        failures_.clear();
    }
    const auto result = call();
    const std::lock_guard lock(mutex_);
    if (result >= 0) {
        if (!failures_.empty()) {
            throw Fault(fmt::format("{} called fail (\"{}\") but did not fail", what, failures_[0].message));
        }
        return std::nullopt;
    }
    if (failures_.size() != 1) {
        throw Fault(
            fmt::format("{} failed and called fail {} times instead of once", what, failures_.size()));
    }
    const auto& failure = failures_[0];
    if (failure.code < BOOTFERRY_ERROR_CANCELLED || failure.code > BOOTFERRY_ERROR_INTERNAL) {
        throw Fault(fmt::format("{} failed with {}", what, codeName(failure.code)));
    }
    if (failure.message.empty()) {
        throw Fault(fmt::format("{} failed with {} without a message", what, codeName(failure.code)));
    }
    return failure;
}

std::optional<Failure> Attempt::setOption(const std::string& key, const std::string& value) {
    return checked("set_option",
                   [&] { return plugin_.module->table().set_option(session_, key.c_str(), value.c_str()); });
}

std::optional<Failure> Attempt::open(std::uint64_t offset, const std::string& validator) {
    return openUrl(plugin_.url, offset, validator);
}

std::optional<Failure> Attempt::openUrl(const std::string& url, std::uint64_t offset,
                                        const std::string& validator) {
    // The plugin must not use the texts after open has returned, so they are overwritten.
    std::optional<std::string> urlText(url);
    std::optional<std::string> validatorText(validator);
    const GuardedMemory memory(oldestRequest);
    auto* request = memory.as<bootferry_request>();
    request->struct_size = oldestRequest;
    request->url = urlText->c_str();
    request->offset = offset;
    request->length = BOOTFERRY_SIZE_UNKNOWN;
    request->validator = offset > 0 && !validator.empty() ? validatorText->c_str() : nullptr;
    request->cancel_fd = cancel_.get();
    auto failure = checked("open", [&] { return plugin_.module->table().open(session_, request); });
    std::fill(urlText->begin(), urlText->end(), 'X');
    std::fill(validatorText->begin(), validatorText->end(), 'X');
    return failure;
}

ResourceInfo Attempt::info() {
    const GuardedMemory memory(oldestInfo);
    auto* raw = memory.as<bootferry_info>();
    raw->struct_size = oldestInfo;
    if (const auto failure = checked("info", [&] { return plugin_.module->table().info(session_, raw); })) {
        throw Fault("info failed: " + failure->message);
    }
    if (raw->struct_size != oldestInfo) {
        throw Fault("info changed struct_size, which only the host may set");
    }
    ResourceInfo info;
    if (raw->size != BOOTFERRY_SIZE_UNKNOWN) {
        info.size = raw->size;
    }
    info.resumable = (raw->flags & BOOTFERRY_INFO_RESUMABLE) != 0;
    if (raw->validator != nullptr) {
        const auto length = strnlen(raw->validator, longestValidator + 1);
        if (length > longestValidator) {
            throw Fault(fmt::format("its validator is longer than {} bytes", longestValidator));
        }
        info.validator.assign(raw->validator, length);
    }
    return info;
}

std::size_t Attempt::read(std::span<std::byte> into, std::optional<Failure>& failure) {
    const GuardedMemory memory(into.size()); // writing past the end crashes at once
    ssize_t count = 0;
    failure = checked("read", [&] {
        count = plugin_.module->table().read(session_, memory.get(), into.size());
        return count;
    });
    if (failure) {
        return 0;
    }
    if (static_cast<std::size_t>(count) > into.size()) {
        throw Fault(fmt::format("read delivered {} bytes, but {} were requested", count, into.size()));
    }
    std::memcpy(into.data(), memory.get(), static_cast<std::size_t>(count));
    return static_cast<std::size_t>(count);
}

void Attempt::finish(bootferry_outcome outcome) {
    if (const auto failure =
            checked("finish", [&] { return plugin_.module->table().finish(session_, outcome); })) {
        throw Fault("finish failed: " + failure->message);
    }
}

void Attempt::cancel() {
    checkErrno(eventfd_write(cancel_.get(), 1), "cancelling");
}

void Attempt::mustOpen(std::uint64_t offset, const std::string& validator) {
    if (const auto failure = open(offset, validator)) {
        throw Fault(
            fmt::format("open at {} failed with {}: {}", offset, codeName(failure->code), failure->message));
    }
}

std::size_t Attempt::mustRead(std::span<std::byte> into) {
    std::optional<Failure> failure;
    const auto count = read(into, failure);
    if (failure) {
        throw Fault(fmt::format("read failed with {}: {}", codeName(failure->code), failure->message));
    }
    return count;
}

} // namespace bootferry
