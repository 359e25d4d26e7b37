// SPDX-License-Identifier: LGPL-2.1-or-later
#include "name_lookup.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <netdb.h>
#include <spdlog/fmt/fmt.h>

#include "name_resolver.h"
#include "waiter.h"

namespace bootferry {
namespace {

constexpr std::size_t longestAddress = 64; // with the name of an interface
constexpr std::size_t mostAddresses = 64;

std::vector<std::string> textsOf(const std::vector<plugin::Endpoint>& endpoints) {
    std::vector<std::string> texts;
    for (const auto& endpoint : endpoints) {
        std::array<char, longestAddress> text{};
        if (texts.size() < mostAddresses && ::getnameinfo(endpoint.plain(), endpoint.length, text.data(),
                                                          text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
            texts.emplace_back(text.data());
        }
    }
    return texts;
}

// Returns 0, or the code to fail with.
int resolve(const std::string& name, int cancelFd, ResolvedName& kept) {
    plugin::NameResolver resolver(plugin::Family::Any, plugin::NameResolver::Patience::Usual);
    plugin::Waiter waiter(cancelFd);
    try {
        const auto& resolution = resolver.resolve(name, waiter);
        kept.texts = textsOf(resolution.endpoints);
        if (kept.texts.empty()) {
            kept.failure = resolution.endpoints.empty() ? fmt::format("host name '{}' does not resolve: {}",
                                                                      name, resolution.errorText())
                                                        : fmt::format("host name '{}' has no address", name);
            return BOOTFERRY_ERROR_UNREACHABLE;
        }
        return 0;
    } catch (const plugin::Failure& failure) {
        kept.failure = failure.what();
        if (failure.errnoValue() != 0) {
            kept.failure += ": " + std::generic_category().message(failure.errnoValue());
        }
        return failure.code();
    }
}

} // namespace

int resolveForPlugin(const char* name, int cancelFd, ResolvedName& kept,
                     bootferry_resolution& result) noexcept {
    result.addresses = nullptr;
    result.count = 0;
    if (name == nullptr || *name == '\0') {
        result.message = "the host name is empty";
        return BOOTFERRY_ERROR_INVALID;
    }
    try {
        kept = {};
        const int code = resolve(name, cancelFd, kept);
        std::transform(kept.texts.begin(), kept.texts.end(), std::back_inserter(kept.addresses),
                       [](const std::string& text) { return text.c_str(); });
        result.addresses = kept.addresses.data();
        result.count = static_cast<std::uint32_t>(kept.addresses.size());
        result.message = kept.failure.c_str();
        return code;
    } catch (const std::exception&) {
        result.message = "no memory to resolve a name";
        return BOOTFERRY_ERROR_IO;
    }
}

} // namespace bootferry
