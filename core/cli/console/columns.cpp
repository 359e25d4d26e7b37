// SPDX-License-Identifier: LGPL-2.1-or-later
// Widths are counted in characters (UTF-8), not in the terminal's real widths.
#include "columns.h"

#include <algorithm>

#include "plain_text.h"

namespace bootferry {
namespace {

std::size_t widthOf(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char character) {
        return (static_cast<unsigned char>(character) & 0xC0U) != 0x80U;
    }));
}

} // namespace

std::string alignedTable(const std::vector<Column>& columns, std::vector<std::vector<std::string>> rows) {
    std::vector<std::string> titles;
    for (const auto& column : columns) {
        titles.emplace_back(column.title);
    }
    rows.insert(rows.begin(), std::move(titles));
    std::vector<std::size_t> widths(columns.size(), 0);
    for (auto& row : rows) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            row[i] = row[i].empty() ? "-" : escapedText(row[i]);
            widths[i] = std::max(widths[i], widthOf(row[i]));
        }
    }
    std::string table;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::string gap(widths[i] - widthOf(row[i]), ' ');
            const bool last = i + 1 == columns.size();
            table += columns[i].side == Column::Side::Right ? gap + row[i] : row[i] + (last ? "" : gap);
            table += last ? "\n" : "  ";
        }
    }
    return table;
}

} // namespace bootferry
