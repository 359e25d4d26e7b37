// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the break-out plugin's attempts in the sandbox of the verifying process, which loads no plugin:
//
//     verifier-sandbox MODULE [KEY=VALUE]…
//
// What the plugin reports is printed. The caller sets the user and the privileges, as spawn.cpp does.
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

#include "bootferry/plugin.h"
#include "errors.h"
#include "sandbox.h"
#include "standard_streams.h"

namespace {

void print(void*, int, const char* line) {
    bootferry::printOutput("{}\n", line);
}
void fail(void*, bootferry_error, int, const char* message) {
    bootferry::printOutput("{}\n", message);
}
void status(void*, const char*) {}

} // namespace

int main(int argc, char** argv) {
    void* module = argc > 1 ? ::dlopen(argv[1], RTLD_NOW) : nullptr;
    void* entry = module != nullptr ? ::dlsym(module, "bootferry_plugin_entry") : nullptr;
    if (entry == nullptr) {
        return EXIT_FAILURE;
    }
    const auto* plugin = reinterpret_cast<const bootferry_plugin* (*)()>(entry)();
    bootferry_host host{};
    host.struct_size = sizeof host;
    host.abi_version = BOOTFERRY_ABI_VERSION;
    host.log = print;
    host.fail = fail;
    host.status = status;
    bootferry::hideFromOthers();
    auto* session = plugin->session_new(&host);
    for (int i = 2; i < argc; ++i) {
        char* value = std::strchr(argv[i], '=');
        if (value == nullptr) {
            return EXIT_FAILURE;
        }
        *value = '\0';
        (void)plugin->set_option(session, argv[i], value + 1);
    }
    bootferry_request request{};
    request.struct_size = sizeof request;
    request.url = "breakout://x/attempts";
    bootferry::enterVerifierSandbox();
    (void)plugin->open(session, &request);
    plugin->session_free(session);
    return bootferry::flushOutput() ? EXIT_SUCCESS : EXIT_FAILURE;
}
