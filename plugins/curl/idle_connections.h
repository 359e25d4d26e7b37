// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps connections open for the sessions that fetch other parts of the same file: a new connection per part
// would cost several round trips and start slowly. A whole multi handle is kept with its connections; it has
// one owner at a time, so no libcurl object is used by two threads. A session reuses a connection only with
// the same key: origin, options and credentials. libcurl checks as well whether a connection fits.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "curl_handles.h"

namespace bootferry::curl {

class IdleConnections {
public:
    static IdleConnections& ofThisProcess();

    // Returns a handle kept under this key, or a new one.
    [[nodiscard]] MultiHandle take(const std::string& key);

    // Keeps a handle without a transfer, after one that succeeded.
    void keep(const std::string& key, MultiHandle handle) noexcept;

    [[nodiscard]] std::size_t size();

private:
    struct Entry {
        std::string key;
        MultiHandle handle;
    };

    std::mutex mutex_;
    std::vector<Entry> entries_; // most recently used last
};

} // namespace bootferry::curl
