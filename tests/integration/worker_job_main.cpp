// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the job of an image that is read while it arrives to standard output, for a test that is the
// worker's supervisor: URL [--checksum=TEXT] [--mirror=URL]...
// [--option=PLUGIN:KEY=VALUE]... [--connections=N] [--limit-rate=RATE]
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "argument_values.h"
#include "environment.h"
#include "files.h"
#include "job_message.h"
#include "sealed_memory.h"

using namespace bootferry;

int main(int argc, char** argv) {
    try {
        WorkerJob job;
        job.pluginDir = environment("BOOTFERRY_PLUGIN_DIR", "");
        job.request.onDemand = true;
        job.request.requireLiveImage = false;
        job.request.decode = true;
        for (int i = 1; i < argc; ++i) {
            const std::string_view argument = argv[i];
            const auto valueOf = [&](std::string_view name) {
                return argument.substr(0, name.size()) == name ? std::string(argument.substr(name.size()))
                                                               : std::string();
            };
            if (const auto checksum = valueOf("--checksum="); !checksum.empty()) {
                setChecksum(job.request, checksum);
            } else if (const auto mirror = valueOf("--mirror="); !mirror.empty()) {
                job.request.mirrors.push_back(Url::parse(mirror));
            } else if (const auto option = valueOf("--option="); !option.empty()) {
                job.request.pluginOptions.push_back(parsePluginOption(option));
            } else if (const auto connections = valueOf("--connections="); !connections.empty()) {
                job.request.connections = parseConnections(connections);
            } else if (const auto rate = valueOf("--limit-rate="); !rate.empty()) {
                job.request.limitRate = parseRate(rate);
            } else {
                job.request.url = Url::parse(argv[i]);
            }
        }
        writeAll(1, readMemory(writeJob(job).get()), "writing the job");
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
