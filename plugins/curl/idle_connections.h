// SPDX-License-Identifier: LGPL-2.1-or-later
// Connections that outlive the session that opened them, for the sessions of other parts of the same
// resource: a new one for each part would cost several round trips and begin slowly. What is kept is a whole
// multi handle with the connections in it: it has one owner at a time, so no object of libcurl's is used by
// two threads. A connection is for those alone who come with the same key, which holds all that it rests on:
// origin, options, credentials. libcurl, too, judges whether it fits, as within any multi handle.
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

    // One that was kept under this key, or a new one.
    [[nodiscard]] MultiHandle take(const std::string& key);

    // With no transfer in it, after one that ended as it should.
    void keep(const std::string& key, MultiHandle handle) noexcept;

    [[nodiscard]] std::size_t size();

private:
    struct Entry {
        std::string key;
        MultiHandle handle;
    };

    std::mutex mutex_;
    std::vector<Entry> entries_; // the last one was used last
};

} // namespace bootferry::curl
