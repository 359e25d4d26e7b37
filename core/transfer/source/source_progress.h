// SPDX-License-Identifier: LGPL-2.1-or-later
// What is reported of a source while it is opened, retried and switched: the state of the transfer, and the
// words beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errors.h"
#include "progress_reporter.h"
#include "url.h"

namespace bootferry {

// A name for each origin: its authority, or its URL where several are on one server; without the query, which
// may contain a secret. Mirrors that then look like another origin have their number as well.
[[nodiscard]] std::vector<std::string> originNames(const std::vector<Url>& urls);

class SourceProgress {
public:
    // names: of the origins, in their order.
    SourceProgress(ProgressReporter& reporter, std::vector<std::string> names)
        : reporter_(reporter), names_(std::move(names)) {}

    // Reports nothing when only the next part of a running transfer is opened.
    void connecting(const Url& url);
    void transferring(const std::optional<std::uint64_t>& size);
    void size(const std::optional<std::uint64_t>& size);
    void delivered(std::uint64_t offset);
    void startsAt(std::uint64_t offset, const std::optional<std::uint64_t>& size);
    void failedAttempt();
    void waiting(std::chrono::milliseconds time, const std::string& reasons, bool isNetworkUp);
    void switching(std::size_t from, std::size_t to, const Error& why);

private:
    [[nodiscard]] bool isUnderWay() const;

    ProgressReporter& reporter_;
    std::vector<std::string> names_;
};

} // namespace bootferry
