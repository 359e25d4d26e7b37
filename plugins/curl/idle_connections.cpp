// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle_connections.h"

#include <algorithm>
#include <new>

namespace bootferry::curl {
namespace {

constexpr std::size_t mostKept = 16; // the most connections that a host uses at a time

} // namespace

IdleConnections& IdleConnections::ofThisProcess() {
    static IdleConnections connections;
    return connections;
}

MultiHandle IdleConnections::take(const std::string& key) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                        [&](const Entry& entry) { return entry.key == key; });
        if (found != entries_.rend()) {
            auto handle = std::move(found->handle);
            entries_.erase(std::next(found).base());
            return handle;
        }
    }
    MultiHandle fresh(curl_multi_init());
    if (!fresh) {
        throw std::bad_alloc();
    }
    return fresh;
}

void IdleConnections::keep(const std::string& key, MultiHandle handle) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        if (entries_.size() < mostKept) {
            entries_.push_back({.key = key, .handle = std::move(handle)});
        }
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the connection is closed instead
    }
}

std::size_t IdleConnections::size() {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

} // namespace bootferry::curl
