// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check_steps.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>

namespace bootferry {

std::uint64_t readFrom(Attempt& attempt, const Reference& reference, std::uint64_t offset,
                       std::span<const std::size_t> sizes, std::uint64_t end) {
    std::vector<std::byte> buffer(*std::max_element(sizes.begin(), sizes.end()));
    for (std::size_t turn = 0; offset < end; ++turn) {
        const auto wanted = sizes[turn % sizes.size()];
        const auto count = attempt.mustRead(std::span(buffer).first(wanted));
        if (count == 0) {
            throw Fault(fmt::format("it ends after {} of {} bytes", offset, reference.size()));
        }
        reference.compare(offset, std::span(buffer).first(count));
        offset += count;
    }
    return offset;
}

void planProxy(const CheckSettings& settings, FaultyProxy::Fault fault, std::uint64_t bytes) {
    if (settings.proxy == nullptr) {
        throw Skipped("the URL names no port, so that no proxy can stand before the server");
    }
    settings.proxy->plan(fault, bytes);
}

void openThroughProxy(const CheckSettings& settings, Attempt& attempt, FaultyProxy::Fault fault,
                      std::uint64_t bytes) {
    planProxy(settings, fault, bytes);
    if (const auto failure = attempt.openUrl(settings.proxy->url())) {
        throw Skipped("it cannot be opened through a proxy: " + failure->message);
    }
}

void requireProxied(const CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    openThroughProxy(settings, attempt, FaultyProxy::Fault::Close, UINT64_MAX);
}

bool isRetried(int code) {
    return code == BOOTFERRY_ERROR_UNREACHABLE || code == BOOTFERRY_ERROR_TIMEOUT ||
           code == BOOTFERRY_ERROR_PROTOCOL;
}

void expectFailure(const std::optional<Failure>& failure, bootferry_error code, const std::string& what) {
    if (!failure) {
        throw Fault(fmt::format("{} succeeds, but must fail with {}", what, codeName(code)));
    }
    if (failure->code == code) {
        return;
    }
    const auto text = fmt::format("{} fails with {} instead of {}: {}", what, codeName(failure->code),
                                  codeName(code), failure->message);
    if (failure->code == BOOTFERRY_ERROR_UNREACHABLE) {
        throw Late(text); // the server may be the reason once, but not each time
    }
    throw Fault(text);
}

} // namespace bootferry
