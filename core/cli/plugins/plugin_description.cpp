// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_description.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "exit_status.h"
#include "plain_text.h"
#include "plugin_list_process.h"
#include "plugin_option_row.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "text.h"
#include "worker_start.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;

struct Description {
    std::string name;
    std::string version;
    std::uint64_t abi = 0;
    std::uint64_t tableSize = 0;
    std::vector<std::string> schemes;
    std::vector<std::string> needs;
    std::vector<std::string> offers;
    std::vector<PluginOptionRow> options;
    std::optional<std::string> error;
    bool complete = false;
};

// The lines that transfer_main.cpp prints: a word, and fields after it.
Description parse(std::string_view text) {
    Description description;
    for (auto line : linesOf(text)) {
        const auto word = takeListField(line);
        if (word == "plugin") {
            description.name = takeListField(line);
            description.version = takeListField(line);
            description.abi = parseNumber<std::uint32_t>(takeListField(line)).value_or(0);
            description.tableSize = parseNumber<std::uint32_t>(takeListField(line)).value_or(0);
        } else if (word == "scheme") {
            description.schemes.push_back(takeListField(line));
        } else if (word == "need") {
            description.needs.push_back(takeListField(line));
        } else if (word == "offer") {
            description.offers.push_back(takeListField(line));
        } else if (word == "option") {
            if (auto row = takePluginOption(description.name, line)) {
                description.options.push_back(std::move(*row));
            }
        } else if (word == "error") {
            description.error = plainText(line);
        } else if (word == "end") {
            description.complete = true;
        }
    }
    return description;
}

std::string pathOf(const std::string& plugin) {
    std::error_code error;
    auto path = fs::canonical(plugin, error);
    if (error && plugin.find('/') == std::string::npos) {
        std::error_code notInstalled;
        path = fs::canonical(fs::path(pluginFolder()) / (plugin + ".so"), notInstalled);
        if (!notInstalled) {
            return path.string();
        }
    }
    if (error) {
        throw Error(ErrorCode::NotFound, error.value(), fmt::format("'{}'", escapedText(plugin)));
    }
    return path.string();
}

Description ask(const std::string& path) {
    std::optional<std::string> answer;
    SupervisingLoop loop([&] { loop.end(exitInterrupted); });
    const PluginListProcess process(
        loop.event(), workerProgram(), PluginListKind::Description,
        [&](std::optional<std::string> text) {
            answer = std::move(text);
            loop.end(EXIT_SUCCESS);
        },
        path);
    if (loop.run() == exitInterrupted) {
        throw Error(ErrorCode::Cancelled, "interrupted");
    }
    auto description = answer ? parse(*answer) : Description{};
    if (description.error) {
        throw Error(ErrorCode::Unsupported, *description.error);
    }
    if (!description.complete || description.name.empty()) {
        throw Error(
            ErrorCode::Internal,
            fmt::format("plugin '{}' cannot be described: the process that loaded it crashed, printed "
                        "too much, or did not end within 10 s",
                        escapedText(path)));
    }
    return description;
}

std::string listed(const std::vector<std::string>& words) {
    return words.empty() ? "-" : fmt::format("{}", fmt::join(words, " "));
}

void print(const Description& description, const std::string& path) {
    printOutput("   Name: {}\nVersion: {}\n   File: {}\n    ABI: {}, with a table of {} bytes\nSchemes: {}\n"
                "  Needs: {}\n Offers: {}\n",
                description.name, description.version, escapedText(path), description.abi,
                description.tableSize, listed(description.schemes), listed(description.needs),
                listed(description.offers));
    printOutput("Options:{}\n", description.options.empty() ? " -" : "");
    for (const auto& option : description.options) {
        printOutput("  {}{}  {}\n", option.key, option.flag ? "" : "=", option.help);
    }
}

void printJson(const Description& description, const std::string& path, JsonStyle style) {
    JsonObject object;
    object.add("name", description.name);
    object.add("version", description.version);
    object.add("file", path);
    object.add("abi", description.abi);
    object.add("table_size", description.tableSize);
    object.add("schemes", description.schemes);
    object.add("needs", description.needs);
    object.add("offers", description.offers);
    std::vector<JsonObject> options;
    for (const auto& option : description.options) {
        options.push_back(jsonOf(option));
    }
    object.add("options", options);
    printOutput("{}\n", object.text(style));
}

} // namespace

int describePlugin(const std::string& plugin, std::optional<JsonStyle> json) {
    const auto path = pathOf(plugin);
    const auto description = ask(path);
    if (json) {
        printJson(description, path, *json);
    } else {
        print(description, path);
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
