// SPDX-License-Identifier: LGPL-2.1-or-later
// A secret is recognised by what it is called, or by the URL or login that it is part of. Hiding too much
// costs a reader one look at his own line.
#include "shown_argument.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"
#include "url.h"

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

// The parts of a name: "rd.wifi-psk", "curl:pass", "--user".
template <typename Predicate>
bool hasPart(std::string_view name, Predicate isIt) {
    for (std::size_t begin = 0; begin <= name.size();) {
        const auto end = std::min(name.find_first_of("._-:", begin), name.size());
        if (isIt(name.substr(begin, end - begin))) {
            return true;
        }
        begin = end + 1;
    }
    return false;
}

// Anywhere in a name ("root-password-crypted", "systemd.set_credential"), or at the end of one of its parts
// ("rootpw", "rd.wifi.psk", "cifspass"): "vconsole.keymap" and "spec_store_bypass_disable" are no secrets.
bool isCalledSecret(std::string_view name) {
    static constexpr std::array<std::string_view, 6> anywhere{"password", "passwd", "passphrase",
                                                              "secret",   "token",  "credential"};
    static constexpr std::array<std::string_view, 5> atEnd{"pass", "pw", "pwd", "psk", "key"};
    const auto text = lowered(name);
    return std::any_of(anywhere.begin(), anywhere.end(), [&](auto word) { return contains(text, word); }) ||
           hasPart(text, [](std::string_view part) {
               return !part.ends_with("bypass") && std::any_of(atEnd.begin(), atEnd.end(), [&](auto word) {
                   return part.ends_with(word);
               });
           });
}

// "NAME:PASSWORD" is the value of curl's user, proxy-user and the like.
bool isLogin(std::string_view name, std::string_view value) {
    return contains(value, ":") && hasPart(lowered(name), [](std::string_view part) {
               return part == "u" || part == "user" || part == "userpwd" || part == "login" || part == "auth";
           });
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

// The options of programs and plugins, any of which may be a password: "rd.bootferry.option", "curl:user",
// "--option".
bool holdsOptions(const KernelArgument& argument) {
    const bool isVeritys =
        argument.is("rd.kiwi.verity_options") || argument.is("rd.bootferry.verity_options");
    return !isVeritys && (contains(argument.name, ":") || contains(lowered(argument.name), "option"));
}

// "-uNAME:PASSWORD", as curl has it.
bool isLoginOption(std::string_view name) {
    return name.size() > 2 && name[0] == '-' && name[1] != '-' && contains(name, ":");
}

bool isBlank(char character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '"';
}

// Where the host begins: behind the '@' of a userinfo, in which '/' should have been encoded.
std::size_t lengthOfUserinfo(std::string_view afterScheme) {
    const auto quote = std::min(afterScheme.find('\''), afterScheme.size());
    const auto authority = afterScheme.substr(0, std::min(afterScheme.find('/'), quote));
    const auto colon = authority.rfind(':');
    const bool isBroken = colon != std::string_view::npos && !contains(authority, "@") &&
                          !contains(authority, "]") &&
                          authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
    const auto at = (isBroken ? afterScheme.substr(0, quote) : authority).rfind('@');
    return at == std::string_view::npos ? 0 : at + 1;
}

// Without a scheme: from the beginning of the word, or the quote or the '=' before it, to the last '@'.
std::string withoutHalfLogin(std::string_view word) {
    const auto at = word.rfind('@');
    const auto login = word.substr(0, at);
    if (at == std::string_view::npos || !contains(login, ":")) {
        return std::string(word);
    }
    const auto begin = login.find_last_of("'=", login.find(':'));
    return std::string(login.substr(0, begin == std::string_view::npos ? 0 : begin + 1))
        .append("...")
        .append(word.substr(at));
}

std::string withoutLogins(std::string_view word) {
    constexpr std::string_view separator = "://";
    if (!contains(word, separator)) {
        return withoutHalfLogin(word);
    }
    std::string shown;
    for (auto scheme = word.find(separator); scheme != std::string_view::npos;
         scheme = word.find(separator)) {
        const auto begin = scheme + separator.size();
        shown += word.substr(0, begin);
        word.remove_prefix(begin + lengthOfUserinfo(word.substr(begin)));
    }
    return shown.append(word);
}

} // namespace

std::string shownName(std::string_view name) {
    const auto end = name.find_first_not_of(nameCharacters);
    if (end == std::string_view::npos) {
        return std::string(name);
    }
    const auto first = name.substr(0, end);
    const bool isCut = contains(name, ":/") || contains(first, "option") || // "rd.bootferry.option:curl:..."
                       contains(name, "?") || isLoginOption(name);
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
    const auto& value = *argument.value;
    const bool mayBeSecret = name != argument.name || holdsOptions(argument) || isCalledSecret(name) ||
                             isLogin(name, value) || mayHoldLogin(value) || namesSecret(value);
    const auto query = value.find('?'); // of a URL relative to another one
    const bool hasQuery = query != std::string::npos;
    return fmt::format("{}={}{}", name, mayBeSecret ? "" : value.substr(0, query),
                       mayBeSecret ? "..."
                       : hasQuery  ? "?..."
                                   : "");
}

std::string shownWord(std::string_view word) {
    if (contains(word, "://")) {
        try {
            return Url::parse(word).shown();
        } catch (const Error&) { // it is shown as any other word
        }
    }
    const auto equals = word.find('=');
    KernelArgument argument{.name = std::string(word.substr(0, equals)), .value = std::nullopt};
    if (equals != std::string_view::npos) {
        argument.value = word.substr(equals + 1);
    }
    return shownArgument(argument);
}

bool expectsSecret(const KernelArgument& argument) {
    const auto& name = argument.name;
    return !argument.value && name != "--" && (name.starts_with('-') || isCalledSecret(name));
}

std::string shownText(std::string_view text) {
    const auto hidden = withoutQueries(text);
    std::string shown;
    for (auto rest = std::string_view(hidden); !rest.empty();) {
        const auto* blank = std::find_if(rest.begin(), rest.end(), isBlank);
        const auto length = static_cast<std::size_t>(blank - rest.begin());
        shown += withoutLogins(rest.substr(0, length));
        shown += rest.substr(length, 1);
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    return shown;
}

// A URL has no blanks and no double quotes, but may have single ones; those at its end are of the sentence
// around it.
std::string withoutQueries(std::string_view text) {
    std::string shown;
    for (auto url = text.find("://"); url != std::string_view::npos; url = text.find("://")) {
        const auto blank = std::min(text.find_first_of(" \t\n\"", url), text.size());
        const auto end = text.find_last_not_of("',:;", blank - 1) + 1;
        const auto query = text.find('?', url);
        shown += text.substr(0, std::min(query, end));
        shown += query < end ? "?..." : "";
        text.remove_prefix(end);
    }
    return shown.append(text);
}

} // namespace bootferry
