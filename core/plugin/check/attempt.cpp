// SPDX-License-Identifier: LGPL-2.1-or-later
// checked() compares the result of a call with the reported failures; every call goes through it.
#include "attempt.h"

#include <chrono>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"
#include "open_resources.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr std::size_t longestValidator = 1023;
constexpr std::chrono::seconds longestWithoutStatus{10};

constexpr auto oldestRequest =
    endingWith(offsetof(bootferry_request, cancel_fd), sizeof(bootferry_request::cancel_fd));
constexpr auto oldestInfo =
    endingWith(offsetof(bootferry_info, validator), sizeof(bootferry_info::validator));

constexpr std::uint32_t knownFlags = BOOTFERRY_INFO_RESUMABLE | BOOTFERRY_INFO_SPLICEABLE |
                                     BOOTFERRY_INFO_RANGES | BOOTFERRY_INFO_OFFSET_NOT_SHOWN |
                                     BOOTFERRY_INFO_STRONG_VALIDATOR;

} // namespace

std::string codeName(int code) {
    const auto known = errorCodeFromNumber(code);
    return known && code <= BOOTFERRY_ERROR_INTERNAL ? std::string(errorName(*known))
                                                     : fmt::format("the unknown code {}", code);
}

// Call after the state of the process was compared: if cancel_fd was closed, its number may belong to another
// file.
void Attempt::checkCancelFd(const char* what) const {
    const int flags = fcntl(host_.cancelFd(), F_GETFL);
    if (flags < 0) {
        throw Fault(fmt::format("{} closed cancel_fd", what));
    }
    if (flags != cancelFlags_) {
        throw Fault(fmt::format("{} changed the flags of cancel_fd", what));
    }
    pollfd cancel{.fd = host_.cancelFd(), .events = POLLIN, .revents = 0};
    if (cancelled_ && poll(&cancel, 1, 0) == 0) {
        throw Fault(fmt::format("{} read from cancel_fd", what));
    }
}

void Attempt::checkProcess(const char* what) {
    // That takes a hundred system calls, and a check may make 20,000 calls.
    constexpr unsigned often = 100;
    const bool isRead = std::string_view(what) == "read";
    if (plugin_.inThreads || (isRead && ++reads_ > often && reads_ % often != 0)) {
        return;
    }
    if (const auto change = plugin_.before->changeUntil({})) {
        throw Fault(fmt::format("{} {}", what, *change));
    }
}

Attempt::Attempt(const PluginUnderTest& plugin, bool withOptions)
    : plugin_(plugin), host_(plugin), cancelFlags_(fcntl(host_.cancelFd(), F_GETFL)) {
    const auto failure = checked("session_new", [&] {
        session_ = plugin_.module->table().session_new(host_.table());
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
    try {
        free();
    } catch (const Fault& fault) {
        plugin_.calls->noteFault(fault.what());
    }
}

void Attempt::free() {
    if (session_ != nullptr) {
        (void)checked("session_free", [&] {
            plugin_.module->table().session_free(std::exchange(session_, nullptr));
            return 0;
        });
    }
}

// A failing call must return -1 and call host->fail exactly once, with a valid code and a message. A
// succeeding call must not call it.
template <typename Call>
std::optional<Failure> Attempt::checked(const char* what, Call call) {
    if (const auto earlier = plugin_.calls->takeFault()) { // of the session before
        throw Fault(*earlier);
    }
    host_.beginCall();
    const bool beforeOpen = session_ == nullptr || std::string_view(what) == "set_option";
    const auto threads = beforeOpen ? ownThreads() : Names{};
    plugin_.calls->begin(what);
    const auto result = call();
    plugin_.calls->end();
    host_.endCall();
    if (beforeOpen && newThreads(threads) > 0) {
        throw Fault(fmt::format("{} started a thread, which only open and later calls may do", what));
    }
    checkProcess(what);
    checkCancelFd(what);
    const auto [wrong, failures] = host_.takeReports();
    if (wrong) {
        throw Fault(*wrong);
    }
    const bool delivers = std::string_view(what) == "read" || std::string_view(what) == "splice";
    if (result < -1 || (result > 0 && !delivers)) {
        throw Fault(fmt::format("{} returned {}, which means nothing", what, result));
    }
    if (result >= 0) {
        if (!failures.empty()) {
            throw Fault(fmt::format("{} called fail (\"{}\") but did not fail", what, failures[0].message));
        }
        return std::nullopt;
    }
    if (failures.size() != 1) {
        throw Fault(fmt::format("{} failed and called fail {} times instead of once", what, failures.size()));
    }
    const auto& failure = failures[0];
    if (failure.code < BOOTFERRY_ERROR_CANCELLED || failure.code > BOOTFERRY_ERROR_INTERNAL) {
        throw Fault(fmt::format("{} failed with {}", what, codeName(failure.code)));
    }
    if (failure.message.empty()) {
        throw Fault(fmt::format("{} failed with {} without a message", what, codeName(failure.code)));
    }
    return failure;
}

std::optional<Failure> Attempt::setOption(const std::string& key, const std::string& value) {
    return checked("set_option", [&] {
        return plugin_.module->table().set_option(session_, host_.lend(key), host_.lend(value));
    });
}

std::optional<Failure> Attempt::open(std::uint64_t offset, const std::string& validator) {
    return openUrl(plugin_.url, offset, validator);
}

std::optional<Failure> Attempt::openUrl(const std::string& url, std::uint64_t offset,
                                        const std::string& validator, std::uint64_t length,
                                        std::uint32_t flags) {
    const auto size = sizeFor(plugin_.host, oldestRequest, sizeof(bootferry_request));
    const auto& memory = host_.lendRequest(size);
    auto* request = memory.as<bootferry_request>();
    request->struct_size = size;
    request->url = host_.lend(url);
    request->offset = offset;
    request->length = length;
    request->validator = offset > 0 && !validator.empty() ? host_.lend(validator) : nullptr;
    request->cancel_fd = host_.cancelFd();
    request->flags = flags;
    if (plugin_.host == HostAge::Newest) {
        request->raw_url = host_.lend(url);
        request->flags |= 1U << 31U; // of a later version
        fillUnknown(memory, sizeof(bootferry_request), size);
    }
    return checked("open", [&] { return plugin_.module->table().open(session_, request); });
}

ResourceInfo Attempt::info() {
    const auto size = sizeFor(plugin_.host, oldestInfo, sizeof(bootferry_info));
    const GuardedMemory memory(Lent::Info, size);
    auto* raw = memory.as<bootferry_info>();
    raw->struct_size = size;
    fillUnknown(memory, sizeof(bootferry_info), size);
    if (const auto failure = checked("info", [&] { return plugin_.module->table().info(session_, raw); })) {
        throw Fault("info failed: " + failure->message);
    }
    if (raw->struct_size != size) {
        throw Fault("info changed struct_size, which only the host may set");
    }
    if (!isUnknownUntouched(memory, sizeof(bootferry_info), size)) {
        throw Fault("info wrote to fields that this version of the interface does not have");
    }
    if (const auto unknown = raw->flags & ~knownFlags; unknown != 0) {
        throw Fault(
            fmt::format("info sets flags that this version of the interface does not have: {:#x}", unknown));
    }
    ResourceInfo info;
    if (raw->size != BOOTFERRY_SIZE_UNKNOWN) {
        info.size = raw->size;
    }
    info.resumable = (raw->flags & BOOTFERRY_INFO_RESUMABLE) != 0;
    info.spliceable = (raw->flags & BOOTFERRY_INFO_SPLICEABLE) != 0;
    info.ranges = (raw->flags & BOOTFERRY_INFO_RANGES) != 0;
    if (info.spliceable && !plugin_.module->hasSplice()) {
        throw Fault("info sets SPLICEABLE, but the table has no splice");
    }
    if (info.ranges && !info.resumable) {
        throw Fault("info sets RANGES without RESUMABLE");
    }
    if ((raw->flags & BOOTFERRY_INFO_STRONG_VALIDATOR) != 0 && raw->validator == nullptr) {
        throw Fault("info sets STRONG_VALIDATOR without a validator");
    }
    if (plugin_.host == HostAge::Newest) {
        checkNewFields(*raw);
    }
    if (raw->validator != nullptr) {
        const auto length = strnlen(raw->validator, longestValidator + 1);
        if (length > longestValidator) {
            throw Fault(fmt::format("its validator is longer than {} bytes", longestValidator));
        }
        info.validator.assign(raw->validator, length);
        if (hasControlCharacter(info.validator)) {
            throw Fault("its validator has control characters: " + escapedText(info.validator));
        }
        if (!validator_.empty() && info.validator != validator_) {
            throw Fault(fmt::format("its validator changed within a session, from '{}' to '{}'", validator_,
                                    info.validator));
        }
        validator_ = info.validator;
    }
    return info;
}

// Those that the oldest host does not have.
void Attempt::checkNewFields(const bootferry_info& info) {
    constexpr std::int64_t endOfYear9999 = 253'402'300'799;
    constexpr std::size_t longestLocation = 2047;
    if (info.modified < 0 || info.modified > endOfYear9999) {
        throw Fault(fmt::format("info says that the resource was changed {} s after 1970 (is that the unit?)",
                                info.modified));
    }
    if (info.location == nullptr) {
        return;
    }
    const auto length = strnlen(info.location, longestLocation + 1);
    const std::string location(info.location, length);
    if (length > longestLocation || hasControlCharacter(location) ||
        plainText(location, SIZE_MAX) != location) {
        throw Fault("its location is too long, or not a URL: " + escapedText(location));
    }
}

std::size_t Attempt::read(std::span<std::byte> into, std::optional<Failure>& failure) {
    const GuardedMemory memory(Lent::Buffer, into.size()); // writing past the end crashes at once
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

std::size_t Attempt::splice(int pipe, std::size_t most, std::optional<Failure>& failure) {
    ssize_t count = 0;
    failure = checked("splice", [&] {
        count = plugin_.module->table().splice(session_, pipe, most);
        return count;
    });
    if (failure) {
        return 0;
    }
    if (static_cast<std::size_t>(count) > most) {
        throw Fault(fmt::format("splice delivered {} bytes, but {} were requested", count, most));
    }
    return static_cast<std::size_t>(count);
}

void Attempt::finish(bootferry_outcome outcome) {
    if (const auto failure =
            checked("finish", [&] { return plugin_.module->table().finish(session_, outcome); })) {
        throw Fault("finish failed: " + failure->message);
    }
    if (const auto silent = host_.longestSilence(); silent > longestWithoutStatus) {
        throw Late(fmt::format(
            "finish took {} s without a call of host->status, which it must make every {} s: the "
            "process is taken to hang",
            std::chrono::duration_cast<std::chrono::seconds>(silent).count(), longestWithoutStatus.count()));
    }
}

void Attempt::cancel() {
    host_.cancel();
    cancelled_ = true;
}

void throwFailure(const Failure& failure, const std::string& what) {
    const auto text = fmt::format("{} failed with {}: {}", what, codeName(failure.code), failure.message);
    if (failure.code == BOOTFERRY_ERROR_UNREACHABLE || failure.code == BOOTFERRY_ERROR_TIMEOUT) {
        throw Unreached(text);
    }
    throw Fault(text);
}

void Attempt::mustOpen(std::uint64_t offset, const std::string& validator) {
    if (const auto failure = open(offset, validator)) {
        throwFailure(*failure, fmt::format("open at {}", offset));
    }
}

std::size_t Attempt::mustRead(std::span<std::byte> into) {
    std::optional<Failure> failure;
    const auto count = read(into, failure);
    if (failure) {
        throwFailure(*failure, "read");
    }
    return count;
}

} // namespace bootferry
