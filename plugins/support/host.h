// SPDX-License-Identifier: LGPL-2.1-or-later
// The C++ plugins' side of the C interface: failures are exceptions inside and one host->fail outside. Header
// only, so that a plugin links nothing for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "bootferry/plugin.h"

namespace bootferry::plugin {

class Failure : public std::exception {
public:
    Failure(bootferry_error code, std::string message, int errnoValue = 0)
        : code_(code), errno_(errnoValue), message_(std::move(message)) {}

    [[nodiscard]] bootferry_error code() const noexcept { return code_; }
    [[nodiscard]] int errnoValue() const noexcept { return errno_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

    [[nodiscard]] std::optional<std::uint32_t> retryAfter() const noexcept { return retryAfter_; }
    void setRetryAfter(std::uint32_t seconds) noexcept { retryAfter_ = seconds; }

private:
    bootferry_error code_;
    int errno_;
    std::string message_;
    std::optional<std::uint32_t> retryAfter_;
};

// The host's functions; copyable, since the table behind it outlives the session.
class Host {
public:
    explicit Host(const bootferry_host* table) : table_(table) {}

    void log(bootferry_log_priority priority, const std::string& message) const {
        table_->log(table_->context, priority, message.c_str());
    }
    void status(const std::string& text) const { table_->status(table_->context, text.c_str()); }

    [[nodiscard]] std::optional<std::string> credential(const char* name) const {
        const char* value = table_->credential(table_->context, name);
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    }

    // For an option that names a file, in set_option: the path under which it can be opened (plugin.h).
    [[nodiscard]] std::string optionFile(const std::string& path) const {
        constexpr auto end = offsetof(bootferry_host, option_file) + sizeof(bootferry_host::option_file);
        return table_->struct_size >= end && table_->option_file != nullptr
                   ? table_->option_file(table_->context, path.c_str())
                   : path;
    }

    void report(const Failure& failure) const noexcept {
        if (failure.retryAfter()) {
            table_->retry_after(table_->context, *failure.retryAfter());
        }
        report(failure.code(), failure.errnoValue(), failure.what());
    }
    void report(bootferry_error code, int errnoValue, const char* message) const noexcept {
        table_->fail(table_->context, code, errnoValue, message);
    }

private:
    const bootferry_host* table_;
};

// Runs one callback of the table and returns its result, or `failed` after reporting its exception once.
template <typename Result, typename Call>
Result guarded(const Host& host, Result failed, Call call) noexcept {
    try {
        return call();
    } catch (const Failure& failure) {
        host.report(failure);
    } catch (const std::bad_alloc&) {
        host.report(BOOTFERRY_ERROR_IO, 0, "out of memory");
    } catch (const std::exception& error) {
        host.report(BOOTFERRY_ERROR_INTERNAL, 0, error.what());
    } catch (...) {
        host.report(BOOTFERRY_ERROR_INTERNAL, 0, "unknown exception");
    }
    return failed;
}

} // namespace bootferry::plugin
