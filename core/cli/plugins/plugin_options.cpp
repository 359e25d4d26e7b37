// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_options.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "exit_status.h"
#include "plugin_list_process.h"
#include "plugin_option_row.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "text.h"
#include "worker_start.h"

namespace bootferry {
namespace {

// Lines that do not describe an option are left out: a plugin's help text may contain newlines.
std::vector<PluginOptionRow> rowsOf(std::string_view list) {
    std::vector<PluginOptionRow> rows;
    for (auto line : linesOf(list)) {
        auto plugin = takeListField(line);
        if (auto row = takePluginOption(std::move(plugin), line)) {
            rows.push_back(std::move(*row));
        }
    }
    return rows;
}

std::string listOptions() {
    std::optional<std::string> list;
    SupervisingLoop loop([&] { loop.end(exitInterrupted); });
    const PluginListProcess process(loop.event(), workerProgram(), PluginListKind::Options,
                                    [&](std::optional<std::string> text) {
                                        list = std::move(text);
                                        loop.end(EXIT_SUCCESS);
                                    });
    if (loop.run() == exitInterrupted) {
        throw Error(ErrorCode::Cancelled, "interrupted");
    }
    if (!list) {
        throw Error(ErrorCode::Internal, "the plugins' options could not be listed");
    }
    return *list;
}

} // namespace

int printPluginOptions(std::optional<JsonStyle> json) {
    std::vector<JsonObject> objects;
    const auto list = listOptions();
    for (const auto& row : rowsOf(list)) {
        if (!json) {
            printOutput("{}:{}{}  {}\n", row.plugin, row.key, row.flag ? "" : "=", row.help);
            continue;
        }
        objects.push_back(jsonOf(row));
    }
    if (json) {
        printOutput("{}\n", jsonArray(objects, *json));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
