// SPDX-License-Identifier: LGPL-2.1-or-later
// KIWI writes "verityroot DEVICE DEVICE HEX hash-offset=BYTES,hash-block-size=BYTES": DEVICE is PLACEHOLDER,
// or the UUID of the file system in the image. Its own initrd takes the image from the medium in either case,
// and gives the rest to veritysetup(8), with rd.kiwi.verity_options= behind it.
#include "verity_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "boot_source.h"
#include "errors.h"
#include "text.h"
#include "verity_request.h"

namespace bootferry {
namespace {

constexpr std::string_view entryName = "verityroot";
constexpr std::size_t fewestWords = 4;
constexpr std::size_t hashWord = 3;
constexpr std::string_view roothash = "rd.bootferry.roothash";
constexpr std::string_view placeName = "rd.bootferry.verity";
constexpr std::string_view optionsName = "rd.kiwi.verity_options";
constexpr std::array<std::string_view, 2> optionsNames{optionsName, "rd.bootferry.verity_options"};

// Which the superblock of the tree states, too.
constexpr std::array<std::string_view, 2> stated{"hash-block-size=", "data-block-size="};

std::vector<std::string_view> entryOf(std::string_view table) {
    for (const auto row : linesOf(table)) {
        auto words = wordsOf(row);
        if (!words.empty() && words.front() == entryName) {
            return words;
        }
    }
    return {};
}

std::vector<std::string_view> partsOf(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        if (end > 0) {
            parts.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

void addEntry(std::vector<KernelArgument>& arguments, const std::vector<std::string_view>& entry) {
    constexpr std::string_view hashOffset = "hash-offset=";
    if (entry.size() < fewestWords || entry[1] != entry[2]) {
        throw Error(ErrorCode::Unsupported,
                    "only a hash tree in the root image itself is supported: verityroot DEVICE DEVICE HEX "
                    "hash-offset=BYTES, with the same DEVICE twice");
    }
    std::string offset;
    std::string options;
    for (const auto option : partsOf(entry.size() > fewestWords ? entry[fewestWords] : "")) {
        const bool isStated = std::any_of(stated.begin(), stated.end(),
                                          [&](std::string_view name) { return option.starts_with(name); });
        if (option.starts_with(hashOffset)) {
            offset = option.substr(hashOffset.size());
        } else if (!isStated) {
            options += (options.empty() ? "" : ",") + std::string(option);
        }
    }
    (void)parseVerityOptions(options);
    VerityRequest checked;
    setVerityTree(checked, "hash-offset:" + offset);
    const auto hash = parseRootHash(entry[hashWord]);
    const bool hasHash = std::any_of(arguments.begin(), arguments.end(),
                                     [](const KernelArgument& argument) { return argument.is(roothash); });
    if (!hasHash) {
        arguments.push_back({.name = std::string(roothash), .value = hash});
    }
    const bool hasPlace = std::any_of(arguments.begin(), arguments.end(),
                                      [](const KernelArgument& argument) { return argument.is(placeName); });
    if (!hasPlace) {
        arguments.push_back({.name = std::string(placeName), .value = "hash-offset:" + offset});
    }
    if (options.empty()) {
        return;
    }
    const auto written =
        std::find_if(arguments.rbegin(), arguments.rend(), [](const KernelArgument& argument) {
            return std::any_of(optionsNames.begin(), optionsNames.end(),
                               [&](std::string_view name) { return argument.is(name); });
        });
    if (written == arguments.rend()) {
        arguments.push_back({.name = std::string(optionsName), .value = options});
    } else {
        written->value = options + "," + written->value.value_or("");
    }
}

bool isLocal(const KernelCommandLine& line) {
    const auto source = liveSource(line);
    return source && localMedium(*source);
}

} // namespace

KernelCommandLine withVerityTable(const KernelCommandLine& line, std::string_view table) {
    const auto entry = entryOf(table);
    // The root hash of another image: where that one has its tree the table does not say. A tree on a local
    // medium is in the image, as KIWI makes it.
    if (entry.empty() || (overridesVerityTable(line, table) && !isLocal(line))) {
        return line;
    }
    auto arguments = line.arguments();
    try {
        addEntry(arguments, entry);
    } catch (Error& error) {
        if (line.find(roothash) != nullptr) {
            return line; // it states what the table cannot
        }
        error.addContext(fmt::format("'{}' in /etc/veritytab", entryName));
        throw;
    }
    return KernelCommandLine(std::move(arguments));
}

bool overridesVerityTable(const KernelCommandLine& line, std::string_view table) {
    const auto entry = entryOf(table);
    const auto* const hash = line.find(roothash);
    return !entry.empty() && hash != nullptr &&
           (entry.size() < fewestWords || lowered(hash->value.value_or("")) != lowered(entry[hashWord]));
}

} // namespace bootferry
