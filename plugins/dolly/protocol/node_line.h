// SPDX-License-Identifier: LGPL-2.1-or-later
// The two lines that each node sends before the image. Every node forwards them to its predecessor, and the
// server counts them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dollytab.h"

namespace bootferry::dolly {

struct NodeLine {
    std::string node; // the node's own name, which may be its address
    bool ready =
        false; // it and the nodes behind it are ready; false: it has only accepted the dollytab so far

    bool operator==(const NodeLine&) const = default;
};

// Includes the newline.
[[nodiscard]] std::string composeNodeLine(const NodeLine& line, Generation generation);
// line: without the newline, of either generation.
[[nodiscard]] std::optional<NodeLine> parseNodeLine(std::string_view line);

} // namespace bootferry::dolly
