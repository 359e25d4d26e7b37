// SPDX-License-Identifier: LGPL-2.1-or-later
// The checker does not know what the options of a plugin do. It sees whether they are needed, and, where no
// encryption hides it, whether their values are sent.
#include "login_checks.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "encoded_secret.h"

namespace bootferry {
namespace {

// Of an open and the first read.
std::optional<Failure> failureOf(Attempt& attempt) {
    auto failure = attempt.open();
    if (!failure) {
        std::array<std::byte, 1> byte{};
        (void)attempt.read(byte, failure);
    }
    return failure;
}

// A password alone is sent as well: FTP sends it in a line of its own.
std::string_view formIn(std::string_view sent, std::string_view value) {
    const auto colon = value.find(':');
    if (const auto form = shownForm(sent, "", value); !form.empty() || colon == std::string_view::npos) {
        return form;
    }
    return shownForm(sent, value.substr(0, colon), value.substr(colon + 1));
}

std::string sentTo(const CheckSettings& settings, std::uint32_t flags) {
    planProxy(settings, FaultyProxy::Fault::Close, UINT64_MAX);
    Attempt attempt(settings.plugin);
    std::array<std::byte, 1> byte{};
    if (auto failure = attempt.openUrl(settings.proxy->url(), 0, "", BOOTFERRY_SIZE_UNKNOWN, flags);
        !failure) {
        (void)attempt.read(byte, failure);
    }
    return settings.proxy->sentByPlugin();
}

} // namespace

void keepsOptionsToTheirSession(CheckSettings& settings) {
    auto bare = settings.plugin;
    bare.options.clear();
    bare.credentials.clear();
    if (settings.plugin.options.empty() && settings.plugin.credentials.empty()) {
        throw Skipped("no option and no credential was given");
    }
    std::optional<Failure> before;
    {
        Attempt first(bare);
        before = failureOf(first);
    }
    if (!before || isRetried(before->code)) {
        throw Skipped("the resource can be read without the options and credentials that were given");
    }
    {
        Attempt with(settings.plugin);
        if (const auto failure = failureOf(with)) {
            throwFailure(*failure, "open or read");
        }
    }
    Attempt again(bare);
    if (!failureOf(again)) {
        throw Fault(
            fmt::format("without options and credentials a session failed with {}, but works after another "
                        "one had them: they belong to one session",
                        codeName(before->code)));
    }
}

void keepsLoginFromOtherServers(CheckSettings& settings) {
    if (settings.logins.empty()) {
        throw Skipped("no --login-option was given");
    }
    const auto sent = sentTo(settings, 0);
    const auto sentElsewhere = sentTo(settings, BOOTFERRY_REQUEST_ELSEWHERE);
    bool seen = false;
    for (const auto& [key, value] : settings.logins) {
        if (formIn(sent, value).empty() || !formIn(settings.plugin.url, value).empty()) {
            continue; // the URL is sent in any case
        }
        seen = true;
        if (const auto form = formIn(sentElsewhere, value); !form.empty()) {
            throw Fault(
                fmt::format("it sends the value of the option '{}'{} to another server too, which the flag "
                            "BOOTFERRY_REQUEST_ELSEWHERE of the request forbids",
                            key, form == "it" ? "" : fmt::format(", in {},", form)));
        }
    }
    if (!seen) {
        throw Skipped(
            "the values of the options that log in cannot be seen in what it sends, or stand in the URL");
    }
}

} // namespace bootferry
