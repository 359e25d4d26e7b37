// SPDX-License-Identifier: LGPL-2.1-or-later
// A table for people: a header and rows of cells, aligned, two spaces apart. The last column is not padded:
// put long URLs there. Control characters in a cell are escaped, since a cell may hold text from other users.
// Pure.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

struct Column {
    enum class Side { Left, Right };

    const char* title;
    Side side = Side::Left;
};

// One line for the titles and one for each row. A row has a cell for each column; an empty cell is shown as
// "-".
[[nodiscard]] std::string alignedTable(const std::vector<Column>& columns,
                                       std::vector<std::vector<std::string>> rows);

} // namespace bootferry
