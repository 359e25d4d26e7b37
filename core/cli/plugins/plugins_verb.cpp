// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugins_verb.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "columns.h"
#include "event_loop.h"
#include "output_options.h"
#include "plugin_description.h"
#include "plugin_options.h"
#include "service_client.h"
#include "standard_streams.h"

namespace bootferry {

int runPlugins(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    if (const auto plugin = line.last("describe")) {
        if (line.has("options")) {
            throw Error(ErrorCode::Invalid, "--describe and --options exclude each other");
        }
        return describePlugin(*plugin, json);
    }
    if (line.has("options")) {
        return printPluginOptions(json);
    }
    const auto loop = makeEventLoop();
    std::vector<JsonObject> objects;
    std::vector<std::vector<std::string>> rows;
    for (const auto& plugin : ServiceClient(loop.get()).plugins()) {
        rows.push_back({plugin.name, plugin.version, fmt::format("{}", fmt::join(plugin.schemes, " "))});
        objects.emplace_back();
        objects.back().add("name", plugin.name);
        objects.back().add("version", plugin.version);
        objects.back().add("schemes", plugin.schemes);
    }
    if (json) {
        printOutput("{}\n", jsonArray(objects, *json));
    } else {
        printOutput("{}", alignedTable({{"NAME"}, {"VERSION"}, {"SCHEMES"}}, std::move(rows)));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
