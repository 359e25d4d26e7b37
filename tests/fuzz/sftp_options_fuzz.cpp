// SPDX-License-Identifier: LGPL-2.1-or-later
// Any URL and options of the sftp plugin: an accepted URL names one server and one file, also when it is
// written down again; a fingerprint is the same however it is written.
#include <string>

#include "fuzz_input.h"
#include "host_key.h"
#include "sftp_options.h"
#include "sftp_url.h"

using namespace bootferry;
using namespace bootferry::sftp;
using fuzz::require;

namespace {

void parseUrl(std::string_view text) {
    try {
        const auto url = SftpUrl::parse(text);
        require(!url.host.empty() && !url.path.empty() && url.port != 0);
        require(url.path.find('\0') == std::string::npos && url.host.find('\0') == std::string::npos);
    } catch (const plugin::Failure& failure) {
        require(failure.code() == BOOTFERRY_ERROR_INVALID && *failure.what() != '\0');
    }
}

void parsePin(std::string_view text) {
    try {
        const auto fingerprint = parseFingerprint(text);
        require(fingerprint.starts_with("SHA256:") && fingerprint.size() == 50);
        require(parseFingerprint(fingerprint) == fingerprint);
    } catch (const plugin::Failure& failure) {
        require(failure.code() == BOOTFERRY_ERROR_INVALID && *failure.what() != '\0');
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const std::string url(input.upTo("\n"));
    parseUrl(url.c_str()); // as the plugin gets it
    bootferry_host table{};
    table.struct_size = sizeof table;
    table.option_file = [](void*, const char* path) { return path; };
    const plugin::Host host(&table);
    SftpOptions options;
    while (!input.empty()) {
        const std::string key(input.upTo("="));
        const std::string value(input.upTo("\n"));
        parsePin(value.c_str());
        try {
            options.set(key, value, host);
        } catch (const plugin::Failure& failure) {
            require(failure.code() == BOOTFERRY_ERROR_INVALID && *failure.what() != '\0');
        }
    }
    require(options.connectTimeout().count() >= 1);
    return 0;
}
