// SPDX-License-Identifier: LGPL-2.1-or-later
// plymouthd keeps every message until it is hidden by its text, and shows all it has kept when the theme
// changes (Escape, a theme that comes late). Hence an old message is hidden, and before the new one is shown:
// some themes hide whatever stands there. Others hide nothing: they are shown an empty message where there is
// no new one.
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
constexpr std::size_t longestArgument = 254; // its length with the NUL goes into a byte

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
    // A theme draws itself anew in another mode, without what it showed before.
    const bool drawnAnew = shown.mode != wanted.mode;
    if (drawnAnew) {
        requests.push_back(plymouthRequest(changeMode, wanted.mode));
    }
    if (wanted.percent && (drawnAnew || shown.percent != wanted.percent)) {
        requests.push_back(plymouthRequest(systemUpdate, std::to_string(*wanted.percent)));
    }
    const bool hasMessage = !shown.message.empty() || !wanted.message.empty();
    if (hasMessage && (drawnAnew || shown.message != wanted.message)) {
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
