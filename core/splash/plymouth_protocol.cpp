// SPDX-License-Identifier: LGPL-2.1-or-later
// plymouthd keeps every message until a client hides it by its text, and shows all kept messages again when
// the theme changes (Escape, or a theme that is loaded late). So the old message is always hidden, and this
// before the new one is shown, since some themes hide whatever message is visible. Other themes cannot hide
// messages: for these an empty message replaces the old one.
#include "plymouth_protocol.h"

namespace bootferry {
namespace {

constexpr char pauseBoot = 'A';
constexpr char unpauseBoot = 'a';
constexpr char changeMode = 'C';
constexpr char systemUpdate = 'u';
constexpr char showMessage = 'M';
constexpr char hideMessage = 'm';

constexpr char withArgument = '\x02';
constexpr std::size_t longestArgument = 254; // its length including the NUL is sent in one byte

bool continuesCharacter(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; // UTF-8
}

std::string_view cutToFit(std::string_view argument) {
    if (argument.size() <= longestArgument) {
        return argument;
    }
    auto length = longestArgument;
    while (length > 0 && continuesCharacter(argument[length])) {
        --length;
    }
    return argument.substr(0, length);
}

} // namespace

std::string plymouthRequest(char letter, std::optional<std::string_view> argument) {
    std::string request(1, letter);
    if (argument) {
        const auto text = cutToFit(*argument);
        request += withArgument;
        request += static_cast<char>(text.size() + 1);
        request += text;
    }
    request += '\0';
    return request;
}

std::vector<std::string> plymouthRequests(const SplashContents& shown, const SplashContents& wanted) {
    std::vector<std::string> requests;
    if (shown.bootPaused != wanted.bootPaused) {
        requests.push_back(plymouthRequest(wanted.bootPaused ? pauseBoot : unpauseBoot));
    }
    // After a change of mode a theme redraws itself, without the old message and percentage.
    const bool redrawn = shown.mode != wanted.mode;
    if (redrawn) {
        requests.push_back(plymouthRequest(changeMode, wanted.mode));
    }
    if (wanted.percent && (redrawn || shown.percent != wanted.percent)) {
        requests.push_back(plymouthRequest(systemUpdate, std::to_string(*wanted.percent)));
    }
    const bool hasMessage = !shown.message.empty() || !wanted.message.empty();
    if (hasMessage && (redrawn || shown.message != wanted.message)) {
        if (!shown.message.empty()) {
            requests.push_back(plymouthRequest(hideMessage, shown.message));
        }
        requests.push_back(plymouthRequest(showMessage, wanted.message));
        if (wanted.message.empty()) {
            requests.push_back(plymouthRequest(hideMessage, wanted.message));
        }
    }
    return requests;
}

} // namespace bootferry
