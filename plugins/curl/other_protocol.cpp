// SPDX-License-Identifier: LGPL-2.1-or-later
#include "other_protocol.h"

#include <algorithm>

namespace bootferry::curl {
namespace {

constexpr std::string_view tlsAlert("\x15\x03",
                                    2); // RFC 8446, section 5.1: the type, and the version's first byte
constexpr std::string_view tlsHandshake("\x16\x03", 2);

// The first line, if it is text.
std::string_view wordsOf(std::string_view bytes) {
    constexpr std::size_t longest = 60;
    const auto line = bytes.substr(0, std::min(bytes.find_first_of("\r\n"), longest));
    const bool isText = std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return isText ? line : std::string_view();
}

// RFC 1928, section 3: the version, and the method that is chosen; of SOCKS 4 the whole reply.
bool isSocks(std::string_view bytes) {
    constexpr char version5 = 5;
    constexpr char granted4 = 0x5a;
    constexpr std::size_t reply4 = 8;
    return (bytes.size() == 2 && bytes[0] == version5) ||
           (bytes.size() == reply4 && bytes[0] == 0 && bytes[1] >= granted4 && bytes[1] <= granted4 + 3);
}

std::string whatItSpeaks(std::string_view wanted, std::string_view firstBytes) {
    const auto spoken = protocolOf(firstBytes);
    std::string message = " does not answer in " + std::string(wanted);
    if (!spoken.empty()) {
        message += ", but in " + std::string(spoken);
    }
    if (const auto words = wordsOf(firstBytes); !words.empty()) {
        message += " ('" + std::string(words) + "')";
    }
    return message;
}

} // namespace

std::string_view protocolOf(std::string_view firstBytes) {
    if (firstBytes.starts_with("SSH-")) {
        return "SSH";
    }
    if (firstBytes.starts_with("220 ") || firstBytes.starts_with("220-")) {
        return "FTP";
    }
    if (firstBytes.starts_with(tlsAlert) || firstBytes.starts_with(tlsHandshake)) {
        return "TLS";
    }
    if (isSocks(firstBytes)) {
        return "SOCKS";
    }
    return firstBytes.starts_with("HTTP/") ? "HTTP" : "";
}

plugin::Failure otherProtocol(std::string_view wanted, const std::string& authority,
                              std::string_view firstBytes) {
    const auto* advice = protocolOf(firstBytes) == "TLS" ? ": the URL must begin with https://"
                                                         : ": check the port in the URL";
    return {BOOTFERRY_ERROR_PROTOCOL, authority + whatItSpeaks(wanted, firstBytes) + advice};
}

plugin::Failure otherProtocolOfProxy(const std::string& namedBy, std::string_view firstBytes) {
    const auto spoken = protocolOf(firstBytes);
    const auto* advice = spoken == "SOCKS" ? " (for a SOCKS proxy there is curl's option socks5)"
                         : spoken == "TLS" ? " (its URL must begin with https://)"
                                           : ": check its port";
    return {BOOTFERRY_ERROR_PROTOCOL,
            "the proxy, which " + namedBy + " names," + whatItSpeaks("HTTP", firstBytes) + advice};
}

} // namespace bootferry::curl
