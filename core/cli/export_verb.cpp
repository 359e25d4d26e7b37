// SPDX-License-Identifier: LGPL-2.1-or-later
// The words are parsed here, for the help and for early errors, and passed on in an order that has one
// reading.
#include "export_verb.h"

#include <cerrno>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "build_config.h"
#include "environment.h"
#include "errors.h"

namespace bootferry {

int runExport(const CommandLine& line) {
    const auto program = environment("BOOTFERRY_EXPORT", BOOTFERRY_LIBEXEC_DIR "/bootferry-export");
    std::vector<std::string> words{program};
    for (const auto& [option, value] : line.options) {
        words.push_back(fmt::format("--{}{}{}", option->name, option->value != nullptr ? "=" : "", value));
    }
    words.emplace_back("--");
    words.insert(words.end(), line.words.begin(), line.words.end());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    if (errno == ENOENT) {
        throw Error(
            ErrorCode::Unsupported,
            fmt::format(
                "this verb needs '{}', which is not installed: install the package bootferry-export; a build "
                "from the sources needs libarchive (-Dexport=enabled)",
                program));
    }
    throw Error(ErrorCode::Io, errno, fmt::format("executing '{}'", program));
}

} // namespace bootferry
