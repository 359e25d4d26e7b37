// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot_profile.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view firstLine = "bootferry-profile 1";

std::string_view takeLine(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::optional<Extent> parseExtent(std::string_view line, std::uint64_t imageSize) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) {
        return std::nullopt;
    }
    const auto offset = parseNumber<std::uint64_t>(line.substr(0, blank));
    const auto length = parseNumber<std::uint64_t>(line.substr(blank + 1));
    if (!offset || !length || *length == 0 || *offset >= imageSize || *length > imageSize - *offset) {
        return std::nullopt;
    }
    return Extent{.offset = *offset, .length = *length};
}

} // namespace

std::optional<std::vector<Extent>> readProfile(std::string_view text, std::uint64_t imageSize) {
    if (text.size() > longestProfile || takeLine(text) != firstLine ||
        parseNumber<std::uint64_t>(takeLine(text)) != imageSize) {
        return std::nullopt;
    }
    std::vector<Extent> extents;
    while (!text.empty()) {
        const auto extent = parseExtent(takeLine(text), imageSize);
        if (!extent || extents.size() == mostProfileExtents) {
            return std::nullopt;
        }
        extents.push_back(*extent);
    }
    return extents;
}

std::string writeProfile(const std::vector<Extent>& reads, std::uint64_t imageSize) {
    std::vector<std::uint64_t> words(PieceMap::wordsFor(imageSize));
    PieceMap seen(imageSize, words);
    std::vector<PieceRun> runs;
    for (const auto& read : reads) {
        const auto pieces = seen.piecesOf(read);
        for (auto piece = pieces.first; piece < pieces.end(); ++piece) {
            if (seen.isPresent(piece)) {
                continue;
            }
            if (!runs.empty() && runs.back().end() == piece) {
                ++runs.back().count;
            } else if (runs.size() < mostProfileExtents) {
                runs.push_back({.first = piece, .count = 1});
            }
            seen.arrived(piece);
        }
    }
    auto text = fmt::format("{}\n{}\n", firstLine, imageSize);
    for (const auto& run : runs) {
        const auto bytes = seen.bytesOf(run);
        text += fmt::format("{} {}\n", bytes.offset, bytes.length);
    }
    return text;
}

} // namespace bootferry
