// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints what bootferry makes of curl's options, as lines for curl_options_test.py, which compares them with
// the installed curl, the curl plugin and the manual page. Fields are separated by tabs.
//
//   (no argument)       treatment, short letter, name, arity, plugin option when on, plugin option when off,
//   era, reason
//   --plugin MODULE     each option of a plugin: key, "flag" or "value"
//   --parse TEXT...     a line for each TEXT: "ok" and KEY=VALUE..., or "error" and the reason
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>

#include <dlfcn.h>

#include "bootferry/plugin.h"
#include "curl_option_table.h"
#include "curl_options.h"
#include "errors.h"

namespace bootferry {
namespace {

const char* treatmentName(CurlTreatment treatment) {
    constexpr std::array names{"honoured", "retry", "harmless", "refused"};
    return names.at(static_cast<std::size_t>(treatment));
}

const char* arityName(CurlArity arity) {
    constexpr std::array names{"switch", "default-on", "alone", "value"};
    return names.at(static_cast<std::size_t>(arity));
}

void printTable() {
    for (const auto& option : curlOptionTable()) {
        const bool handedOn =
            option.treatment == CurlTreatment::Honoured || option.treatment == CurlTreatment::Retry;
        const auto key = option.key.empty() ? option.name : option.key;
        const bool defaultOn = option.arity == CurlArity::DefaultOn;
        std::cout << treatmentName(option.treatment) << '\t'
                  << (option.letter != 0 ? std::string(1, option.letter) : "") << '\t' << option.name << '\t'
                  << arityName(option.arity) << '\t' << (handedOn && !defaultOn ? key : "") << '\t'
                  << (handedOn && defaultOn ? key : option.offKey) << '\t'
                  << (option.newer ? "newer" : "7.88") << '\t' << option.why << '\n';
    }
}

int printPlugin(const char* path) {
    const std::unique_ptr<void, int (*)(void*)> module(dlopen(path, RTLD_NOW | RTLD_LOCAL), &dlclose);
    if (!module) {
        std::cerr << dlerror() << '\n'; // NOLINT(concurrency-mt-unsafe): one thread
        return EXIT_FAILURE;
    }
    const auto entry =
        reinterpret_cast<decltype(&bootferry_plugin_entry)>(dlsym(module.get(), "bootferry_plugin_entry"));
    const auto* plugin = entry != nullptr ? entry() : nullptr;
    if (plugin == nullptr) {
        return EXIT_FAILURE;
    }
    for (const auto* option = plugin->options; option->key != nullptr; ++option) {
        const bool isFlag = std::string_view(option->help).starts_with("FLAG: ");
        std::cout << option->key << '\t' << (isFlag ? "flag" : "value") << '\n';
    }
    return EXIT_SUCCESS;
}

void printParsed(std::string_view text) {
    try {
        const auto options = parseCurlOptions(text);
        std::cout << "ok";
        for (const auto& option : options.pluginOptions) {
            std::cout << '\t' << option.key << (option.value.empty() ? "" : "=") << option.value;
        }
        std::cout << '\n';
    } catch (const Error& error) {
        std::cout << "error\t" << error.what() << '\n';
    }
}

int run(std::span<char* const> arguments) {
    if (arguments.size() == 1) {
        printTable();
    } else if (std::string_view(arguments[1]) == "--plugin" && arguments.size() == 3) {
        return printPlugin(arguments[2]);
    } else if (std::string_view(arguments[1]) == "--parse") {
        for (const char* text : arguments.subspan(2)) {
            printParsed(text);
        }
    } else {
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

} // namespace
} // namespace bootferry

int main(int argc, char* argv[]) {
    return bootferry::run({argv, static_cast<std::size_t>(argc)});
}
