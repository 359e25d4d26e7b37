// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as rd.kiwi.live.curl_options= or dolly_options=: what the core's table honours is an option of the
// plugin. A generator loads no plugin, so that only this shows the two to agree; the curl plugin then takes
// the value or refuses it, and knows the option in any case. A refusal has a reason.
#include <string>

#include "curl_options.h"
#include "dolly_options.h"
#include "errors.h"
#include "fuzz_input.h"
#include "plain_text.h"
#include "plugin_session.h"

using namespace bootferry;
using fuzz::require;

namespace {

const PluginModule& module(const std::string& name) {
    return PluginModule::load(BOOTFERRY_FUZZED_PLUGINS "/" + name + ".so");
}

bool isDescribed(const PluginModule& plugin, const std::string& key) {
    const auto* option = plugin.table().options;
    while (option->key != nullptr && option->key != key) {
        ++option;
    }
    return option->key != nullptr;
}

void examine(const char* name, const std::vector<PluginOption>& options) {
    for (const auto& option : options) {
        require(option.plugin == name && isDescribed(module(name), option.key));
        try {
            PluginSession session(module(name), {}, {});
            session.setOption(option.key, option.value);
        } catch (const Error& error) {
            require(plainText(error.what(), SIZE_MAX) == error.what());
            require(error.code() == ErrorCode::Invalid || error.code() == ErrorCode::Unsupported ||
                    error.code() == ErrorCode::Io);
        }
    }
}

} // namespace

// Before libFuzzer counts what there is to reach.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    for (const auto* name : {"curl", "dolly"}) {
        (void)module(name);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const bool ofCurl = input.flag();
    try {
        const auto text = input.rest();
        if (ofCurl) {
            examine("curl", parseCurlOptions(text).pluginOptions);
        } else {
            examine("dolly", parseDollyOptions(text).pluginOptions);
        }
    } catch (const Error& error) {
        require(error.code() == ErrorCode::Invalid || error.code() == ErrorCode::Unsupported);
        require(*error.what() != '\0');
    }
    return 0;
}
