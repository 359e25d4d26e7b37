// SPDX-License-Identifier: LGPL-2.1-or-later
// Characters that have a meaning elsewhere: quotes and the backslash for the kernel, systemd and GRUB, which
// escapes them so that the kernel reads something else; for iPXE "${", and '#', ";", "&&" and "||" as words
// of their own.
#include "boot_arguments.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "secret_options.h"
#include "text.h"
#include "url.h"

namespace bootferry {
namespace {

constexpr std::size_t longestLine =
    1900; // the kernel reads 2047 on x86; a boot loader adds the kernel's path

std::string textOf(const KernelArgument& argument) {
    return argument.value ? argument.name + "=" + *argument.value : argument.name;
}

// Units treat every proxy as secret, so that those with a password and those without stay in order, and the
// last one counts; here each is examined.
bool isPlainProxy(const PluginOption& option) {
    const std::string_view key = option.key;
    return (key == "proxy" || key == "preproxy" || key == "proxy1.0" || key.starts_with("socks")) &&
           option.value.find('@') == std::string::npos;
}

bool has(const KernelCommandLine& options, std::string_view name) {
    return options.find(name) != nullptr;
}

void requireWritable(const KernelArgument& argument) {
    const auto text = textOf(argument);
    const auto refuseText = [&](std::string_view why) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("the kernel option '{}' cannot be written into the entries: {}",
                                escapedText(text), why));
    };
    const auto isOdd = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < ' ' || byte > '~';
    };
    if (std::any_of(text.begin(), text.end(), isOdd)) {
        refuseText("it has a character that is not printable ASCII");
    }
    if (text.find_first_of("'\"\\") != std::string::npos) {
        refuseText("boot loaders read quotes and backslashes in different ways");
    }
    if (text.find("${") != std::string::npos) {
        refuseText("iPXE would replace '${'");
    }
    static constexpr std::array commands{";", "&&", "||"};
    const auto words = wordsOf(text);
    if (std::any_of(words.begin(), words.end(), [](std::string_view word) {
            return word.starts_with('#') ||
                   std::find(commands.begin(), commands.end(), word) != commands.end();
        })) {
        refuseText("iPXE would end the line there");
    }
}

} // namespace

std::string parseBaseUrl(std::string_view text) {
    const auto url = Url::parse(text);
    if (url.userinfo()) {
        throw Error(ErrorCode::Invalid,
                    "the URL has a user name, and everybody can read the entries: give credentials to the "
                    "initrd (bootferry-kernel-command-line(7), CREDENTIALS)");
    }
    const auto& written = url.asWritten();
    if (written.find_first_of("?#") != std::string::npos) {
        throw Error(
            ErrorCode::Invalid,
            "the URL has a query or a fragment: give the URL of FOLDER, to which file names are added");
    }
    for (const char c : std::string_view("'`${}|^,; ")) {
        if (written.find(c) != std::string::npos) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("the URL has a '{}', which boot loaders and DHCP servers "
                                    "read in different ways: write %{:02X}",
                                    c, static_cast<unsigned char>(c)));
        }
    }
    auto base = url.redacted();
    base.resize(base.find_last_not_of('/') + 1);
    return base;
}

std::vector<KernelArgument> bootArguments(const std::string& image, const std::string& checksum,
                                          std::string_view layout, const KernelCommandLine& options) {
    std::vector<KernelArgument> arguments{{"root", "live:" + image}};
    if (!has(options, "ip")) {
        arguments.push_back({"ip", "dhcp"});
    }
    if (!has(options, "rd.bootferry.checksum")) {
        arguments.push_back({"rd.bootferry.checksum", checksum});
    }
    const auto forLayout = KernelCommandLine::parse(layout);
    for (const auto* added : {&forLayout, &options}) {
        arguments.insert(arguments.end(), added->arguments().begin(), added->arguments().end());
    }
    return arguments;
}

void requireNoRoot(const KernelCommandLine& options) {
    if (has(options, "root")) {
        throw Error(ErrorCode::Invalid, "root= comes from --url= and the ISO: leave it out of the options");
    }
}

void requireNoSecrets(const TransferRequest& request) {
    for (const auto& option : request.pluginOptions) {
        if (isSecretOption(option) && !isPlainProxy(option)) {
            throw Error(
                ErrorCode::Invalid,
                fmt::format("{}'s option '{}' may be a secret, and everybody can read the entries: give "
                            "secrets to the initrd (bootferry-kernel-command-line(7), CREDENTIALS)",
                            option.plugin, option.key));
        }
    }
}

void requireWritable(const std::vector<KernelArgument>& arguments) {
    for (const auto& argument : arguments) {
        requireWritable(argument);
    }
    if (const auto size = joined(arguments).size(); size > longestLine) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("the kernel command line has {} characters, and boot loaders "
                                "can pass on {} at most",
                                size, longestLine));
    }
}

std::string quoted(const KernelArgument& argument) {
    const auto text = textOf(argument);
    return text.empty() || text.find(' ') != std::string::npos ? '"' + text + '"' : text;
}

std::string joined(const std::vector<KernelArgument>& arguments) {
    std::string line;
    for (const auto& argument : arguments) {
        line += (line.empty() ? "" : " ") + quoted(argument);
    }
    return line;
}

} // namespace bootferry
