// SPDX-License-Identifier: LGPL-2.1-or-later
// pxelinux resolves a path from the folder that it was loaded from, iPXE from the folder of its script, GRUB
// from the top of its server. So GRUB's entry puts the folder above its own before the path: the same text
// then serves TFTP, and HTTP below a folder.
#include "entries.h"

#include <algorithm>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "boot_arguments.h"
#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view beginMark = "# bootferryctl export: begin ";
constexpr std::string_view endMark = "# bootferryctl export: end ";

enum class Owner { Others, Ours, Another }; // this export, another one

struct Line {
    std::string_view text;
    Owner owner;
};

// The lines of the file, and to whom each belongs; the marks belong to their block.
std::vector<Line> ownedLines(std::string_view text, std::string_view name) {
    std::vector<Line> lines;
    std::optional<std::string_view> block;
    for (const auto line : linesOf(text)) {
        const auto plain = trimmed(line);
        const auto marked = [&](std::string_view mark) {
            const auto words = wordsOf(plain.starts_with(mark) ? plain.substr(mark.size()) : "");
            return words.empty() ? std::optional<std::string_view>() : std::optional(words.front());
        };
        const auto begins = marked(beginMark);
        const auto ends = marked(endMark);
        if (begins ? block.has_value() : ends && ends != block) {
            break; // the mark is refused below, or there is one too many
        }
        if (begins) {
            block = begins;
        }
        lines.push_back({line, !block ? Owner::Others : *block == name ? Owner::Ours : Owner::Another});
        if (ends) {
            block.reset();
        }
    }
    if (block || lines.size() != linesOf(text).size()) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("its marks '{}' and '{}' are not in pairs, so the lines of an export cannot "
                                "be told from others: repair it, or remove the marks",
                                trimmed(beginMark), trimmed(endMark)));
    }
    return lines;
}

bool isOfNobody(std::string_view line) {
    return trimmed(line).empty() || trimmed(line).starts_with('#');
}

// key: the beginning of the opening's first line.
std::string withBlock(std::string_view text, const BootEntry& entry, std::string_view key,
                      const std::string& opening, const std::string& body) {
    const auto lines = ownedLines(text, entry.name);
    const bool isOpened = std::any_of(lines.begin(), lines.end(), [key](const Line& line) {
        return line.owner == Owner::Others ? !isOfNobody(line.text)
                                           : line.owner == Owner::Another && line.text.starts_with(key);
    });
    const auto block = fmt::format("{}{} (the next export of this name replaces it)\n{}{}{}{}\n", beginMark,
                                   entry.name, isOpened ? "" : opening, body, endMark, entry.name);
    std::string result;
    bool isWritten = false;
    for (const auto& line : lines) {
        if (line.owner != Owner::Ours) {
            result.append(line.text).append("\n");
        } else if (!isWritten) {
            result += block;
            isWritten = true;
        }
    }
    return isWritten ? result : result + (result.empty() ? "" : "\n") + block;
}

// One word, whatever it contains, but for quotes, which requireWritable() refuses.
std::string grubWord(const KernelArgument& argument) {
    return fmt::format("'{}{}'", argument.name, argument.value ? "=" + *argument.value : "");
}

} // namespace

std::string withPxelinuxEntry(std::string_view text, const BootEntry& entry) {
    return withBlock(text, entry, "DEFAULT ", fmt::format("DEFAULT {}\nPROMPT 0\n", entry.name),
                     fmt::format("LABEL {0}\n"
                                 "    MENU LABEL {0}\n"
                                 "    LINUX {1}/kernel\n"
                                 "    INITRD {1}/initrd\n"
                                 "    APPEND {2}\n",
                                 entry.name, entry.folder, joined(entry.arguments)));
}

std::string withGrubEntry(std::string_view text, const BootEntry& entry) {
    std::string arguments;
    for (const auto& argument : entry.arguments) {
        arguments += " " + grubWord(argument);
    }
    return withBlock(text, entry, "set timeout", "set timeout=5\n",
                     fmt::format("menuentry '{0}' --id '{0}' {{\n"
                                 "    set bootferry_folder=''\n"
                                 "    regexp --set=1:bootferry_folder '^(.*)/grub$' \"$prefix\"\n"
                                 "    linux \"$bootferry_folder\"/{1}/kernel{2}\n"
                                 "    initrd \"$bootferry_folder\"/{1}/initrd\n"
                                 "}}\n",
                                 entry.name, entry.folder, arguments));
}

std::string ipxeScript(std::string_view text, const BootEntry& entry) {
    const auto mark = fmt::format("# bootferryctl export: {}", entry.name);
    if (text.find(mark) == std::string_view::npos && !trimmed(text).empty()) {
        throw Error(ErrorCode::TargetRefused,
                    "it exists, and no export has written it: rename it, or give another "
                    "--name=");
    }
    return fmt::format("#!ipxe\n"
                       "{} (the next export of this name replaces it)\n"
                       "kernel {}/kernel initrd=initrd {}\n"
                       "initrd --name initrd {}/initrd\n"
                       "boot\n",
                       mark, entry.folder, joined(entry.arguments), entry.folder);
}

} // namespace bootferry
