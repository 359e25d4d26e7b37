// SPDX-License-Identifier: LGPL-2.1-or-later
// A secret is recognised by what it is called, or by the URL or login that it is part of. Hiding too much
// costs a reader one look at his own line.
#include "shown_argument.h"

#include <algorithm>
#include <array>

#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view nameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

bool mayHoldLogin(std::string_view text) {
    return contains(text, "://") || contains(text, "@");
}

// Anywhere in a name ("root-password-crypted", "systemd.set_credential"), or at the end of one of its parts
// ("rootpw", "rd.wifi.psk"): "vconsole.keymap" and "spec_store_bypass_disable" are no secrets.
bool isCalledSecret(std::string_view name) {
    static constexpr std::array<std::string_view, 6> anywhere{"password", "passwd", "passphrase",
                                                              "secret",   "token",  "credential"};
    static constexpr std::array<std::string_view, 4> atEnd{"pw", "pwd", "psk", "key"};
    const auto text = lowered(name);
    if (std::any_of(anywhere.begin(), anywhere.end(), [&](auto word) { return contains(text, word); })) {
        return true;
    }
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find_first_of("._-", begin), text.size());
        const auto part = std::string_view(text).substr(begin, end - begin);
        if (part == "pass" ||
            std::any_of(atEnd.begin(), atEnd.end(), [&](auto word) { return part.ends_with(word); })) {
            return true;
        }
        begin = end + 1;
    }
    return false;
}

// "user=u,pass=x", "PLUGIN:password=x": a value that is a list of names with values.
bool namesSecret(std::string_view value) {
    for (auto end = value.find_first_of("=:"); end != std::string_view::npos;
         end = value.find_first_of("=:", end + 1)) {
        const auto before = value.substr(0, end);
        const auto last = before.find_last_not_of(nameCharacters);
        if (isCalledSecret(last == std::string_view::npos ? before : before.substr(last + 1))) {
            return true;
        }
    }
    return false;
}

// The options of programs and plugins, any of which may be a password.
bool holdsOptions(const KernelArgument& argument) {
    static constexpr std::array<std::string_view, 5> names{
        "rd.bootferry.option", "rd.kiwi.live.curl_options", "rd.bootferry.curl_options",
        "rd.kiwi.live.dolly_options", "rd.bootferry.dolly_options"};
    return std::any_of(names.begin(), names.end(), [&](auto name) { return argument.is(name); });
}

} // namespace

std::string shownName(std::string_view name) {
    const auto end = name.find_first_not_of(nameCharacters);
    if (end == std::string_view::npos) {
        return std::string(name);
    }
    const auto first = name.substr(0, end);
    const bool isCut = contains(name, ":/") || contains(first, "option"); // "rd.bootferry.option:curl:..."
    if (!isCut && !contains(name, "@") && !isCalledSecret(first) && !namesSecret(name)) {
        return std::string(name);
    }
    // Without a scheme, what is before the '@' may be a password, too.
    return isCut || isCalledSecret(first) ? std::string(name.substr(0, end + 1)) + "..." : "...";
}

std::string shownArgument(const KernelArgument& argument) {
    auto name = shownName(argument.name);
    if (!argument.value) {
        return name;
    }
    const bool mayBeSecret = name != argument.name || holdsOptions(argument) || isCalledSecret(name) ||
                             mayHoldLogin(*argument.value) || namesSecret(*argument.value);
    return mayBeSecret ? name + "=..." : name + "=" + *argument.value;
}

} // namespace bootferry
