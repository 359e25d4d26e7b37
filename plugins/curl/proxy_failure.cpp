// SPDX-License-Identifier: LGPL-2.1-or-later
// The SOCKS codes are those of RFC 1928, section 6, and of SOCKS4, as libcurl reports them.
#include "proxy_failure.h"

#include <algorithm>
#include <string_view>

namespace bootferry::curl {
namespace {

struct SocksError {
    CURLproxycode code;
    bootferry_error meaning;
    std::string_view words;
};

constexpr SocksError socksErrors[] = {
    {CURLPX_REPLY_CONNECTION_REFUSED, BOOTFERRY_ERROR_UNREACHABLE, "connection refused"},
    {CURLPX_REPLY_HOST_UNREACHABLE, BOOTFERRY_ERROR_UNREACHABLE, "host unreachable"},
    {CURLPX_REPLY_NETWORK_UNREACHABLE, BOOTFERRY_ERROR_UNREACHABLE, "network unreachable"},
    {CURLPX_REPLY_TTL_EXPIRED, BOOTFERRY_ERROR_UNREACHABLE, "it does not answer"},
    {CURLPX_REPLY_GENERAL_SERVER_FAILURE, BOOTFERRY_ERROR_UNREACHABLE, "a failure without a reason"},
    {CURLPX_REPLY_UNASSIGNED, BOOTFERRY_ERROR_UNREACHABLE, "a failure without a reason"},
    {CURLPX_REQUEST_FAILED, BOOTFERRY_ERROR_UNREACHABLE, "request rejected or failed"},
    {CURLPX_RESOLVE_HOST, BOOTFERRY_ERROR_UNREACHABLE, "its host name does not resolve"},
    {CURLPX_CLOSED, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_RECV_ADDRESS, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_RECV_AUTH, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_RECV_CONNECT, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_RECV_REQACK, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_SEND_AUTH, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_SEND_CONNECT, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_SEND_REQUEST, BOOTFERRY_ERROR_UNREACHABLE, "the proxy closed the connection"},
    {CURLPX_REPLY_NOT_ALLOWED, BOOTFERRY_ERROR_AUTH, "the proxy's rules do not allow it"},
    {CURLPX_NO_AUTH, BOOTFERRY_ERROR_AUTH, "the proxy requires a login (curl's option proxy-user)"},
    {CURLPX_USER_REJECTED, BOOTFERRY_ERROR_AUTH, "the proxy refused the login"},
    {CURLPX_IDENTD, BOOTFERRY_ERROR_AUTH, "the proxy requires an ident server on this machine"},
    {CURLPX_IDENTD_DIFFER, BOOTFERRY_ERROR_AUTH, "the ident server on this machine names another user"},
    {CURLPX_GSSAPI, BOOTFERRY_ERROR_AUTH, "the login with GSSAPI failed"},
    {CURLPX_GSSAPI_PERMSG, BOOTFERRY_ERROR_AUTH, "the login with GSSAPI failed"},
    {CURLPX_GSSAPI_PROTECTION, BOOTFERRY_ERROR_AUTH, "the login with GSSAPI failed"},
    {CURLPX_LONG_USER, BOOTFERRY_ERROR_AUTH, "the user name for the proxy is longer than SOCKS allows"},
    {CURLPX_LONG_PASSWD, BOOTFERRY_ERROR_AUTH, "the password for the proxy is longer than SOCKS allows"},
    {CURLPX_LONG_HOSTNAME, BOOTFERRY_ERROR_INVALID, "the host name is longer than SOCKS allows"},
    {CURLPX_REPLY_COMMAND_NOT_SUPPORTED, BOOTFERRY_ERROR_PROTOCOL,
     "the proxy makes no connections for others (command not supported)"},
    {CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, BOOTFERRY_ERROR_PROTOCOL,
     "the proxy does not know this kind of address (curl's option ipv4, or another one of socks4a, socks5 "
     "and "
     "socks5-hostname)"},
    {CURLPX_BAD_ADDRESS_TYPE, BOOTFERRY_ERROR_PROTOCOL, "the proxy answers with an unknown kind of address"},
    {CURLPX_BAD_VERSION, BOOTFERRY_ERROR_PROTOCOL, "the proxy does not answer in SOCKS of this version"},
};

} // namespace

std::string otherKindOfProxy(bool isSocks) {
    return isSocks ? " (for an HTTP proxy there is curl's option proxy)"
                   : " (for a SOCKS proxy there is curl's option socks5)";
}

plugin::Failure failureOfSocks(CURLproxycode code, const std::string& target) {
    const auto* found = std::find_if(std::begin(socksErrors), std::end(socksErrors),
                                     [code](const auto& error) { return error.code == code; });
    const auto message = "the SOCKS proxy did not connect to " + target + ": ";
    if (found == std::end(socksErrors)) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                message + "error " + std::to_string(code) + " (CURLINFO_PROXY_ERROR)"};
    }
    return {found->meaning,
            message + std::string(found->words) + (code == CURLPX_BAD_VERSION ? otherKindOfProxy(true) : "")};
}

// "Failed to connect to proxy.example port 3128 after 0 ms: Couldn't connect to server"
std::optional<std::string> unconnectedPlace(const std::string& detail) {
    constexpr std::string_view begin = "Failed to connect to ";
    constexpr std::string_view middle = " port ";
    const auto port = detail.find(middle);
    if (!detail.starts_with(begin) || port == std::string::npos) {
        return std::nullopt;
    }
    const auto host = detail.substr(begin.size(), port - begin.size());
    const auto digits =
        detail.substr(port + middle.size(), detail.find(' ', port + middle.size()) - port - middle.size());
    return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + digits;
}

} // namespace bootferry::curl
