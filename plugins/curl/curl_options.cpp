// SPDX-License-Identifier: LGPL-2.1-or-later
// A row per option: its name, what `bootferryctl plugins` says of it, and how it reaches libcurl. Most are
// one call, named by a template; those with a form of their own have a function.
#include "curl_options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <vector>

namespace bootferry::curl {
namespace {

using plugin::Failure;

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(BOOTFERRY_ERROR_INVALID, why);
}

long parseNumber(std::string_view text, long highest = std::numeric_limits<int>::max()) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > highest) {
        refuse("it takes a number from 0 to " + std::to_string(highest));
    }
    return value;
}

// "2.5" → 2500; curl takes decimal seconds everywhere.
long parseSeconds(std::string_view text) {
    constexpr std::size_t decimals = 3;
    const auto point = text.find('.');
    const long whole = parseNumber(text.substr(0, point), 2000000);
    if (point == std::string_view::npos) {
        return whole * 1000;
    }
    auto fraction = std::string(text.substr(point + 1, decimals));
    if (fraction.empty()) {
        refuse("it takes a number of seconds");
    }
    fraction.resize(decimals, '0');
    return whole * 1000 + parseNumber(fraction);
}

// "200K": curl's suffixes, powers of 1024.
curl_off_t parseSize(std::string_view text) {
    constexpr std::string_view units = "KMGTP";
    curl_off_t factor = 1;
    if (!text.empty() && (text.back() == 'B' || text.back() == 'b')) {
        text.remove_suffix(1);
    }
    if (!text.empty()) {
        const char unit = static_cast<char>(text.back() & ~0x20);
        if (const auto power = units.find(unit); power != std::string_view::npos) {
            factor <<= 10 * (power + 1);
            text.remove_suffix(1);
        }
    }
    const curl_off_t number = parseNumber(text);
    if (number > std::numeric_limits<curl_off_t>::max() / factor) {
        refuse("it takes a number of bytes, e.g. 500K or 2M");
    }
    return number * factor;
}

void takesNoValue(const std::string& value) {
    if (!value.empty()) {
        refuse("it takes no value");
    }
}

void takesValue(const std::string& value) {
    if (value.empty()) {
        refuse("it takes a value");
    }
}

template <CURLoption option, long value = 1>
void flag(CurlOptions& options, const std::string& text) {
    takesNoValue(text);
    options.setLong(option, value);
}

template <CURLoption option>
void text(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setText(option, value);
}

template <CURLoption option>
void seconds(CurlOptions& options, const std::string& value) {
    options.setLong(option, parseSeconds(value));
}

template <CURLoption option>
void number(CurlOptions& options, const std::string& value) {
    options.setLong(option, parseNumber(value));
}

template <CURLoption option>
void size(CurlOptions& options, const std::string& value) {
    options.setLarge(option, parseSize(value));
}

template <CURLoption option>
void list(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.addToList(option, value);
}

template <CURLoption option, unsigned long method>
void auth(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.addAuth(option, static_cast<long>(method));
}

template <long version>
void tlsAtLeast(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.setLowestTls(version);
}

template <CURLoption option, long type>
void proxyOfType(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setText(option, value);
    options.setLong(CURLOPT_PROXYTYPE, type);
}

// The host tries again by its own rules, for as long as it takes: what these ask for is what it does anyway.
void retry(CurlOptions& options, const std::string& value) {
    if (!value.empty()) {
        (void)parseSeconds(value);
    }
    options.remark(
        "failed transfers are resumed until they succeed; curl's own retry options change nothing");
}

void alreadySo(CurlOptions&, const std::string& value) {
    takesNoValue(value);
}

void tlsMax(CurlOptions& options, const std::string& value) {
    constexpr std::pair<std::string_view, long> versions[] = {
        {"default", CURL_SSLVERSION_MAX_DEFAULT}, {"1.0", CURL_SSLVERSION_MAX_TLSv1_0},
        {"1.1", CURL_SSLVERSION_MAX_TLSv1_1},     {"1.2", CURL_SSLVERSION_MAX_TLSv1_2},
        {"1.3", CURL_SSLVERSION_MAX_TLSv1_3},
    };
    for (const auto& [name, version] : versions) {
        if (name == value) {
            options.setHighestTls(version);
            return;
        }
    }
    refuse("it takes default, 1.0, 1.1, 1.2 or 1.3");
}

void ftpMethod(CurlOptions& options, const std::string& value) {
    if (value == "multicwd") {
        options.setLong(CURLOPT_FTP_FILEMETHOD, CURLFTPMETHOD_MULTICWD);
    } else if (value == "nocwd") {
        options.setLong(CURLOPT_FTP_FILEMETHOD, CURLFTPMETHOD_NOCWD);
    } else if (value == "singlecwd") {
        options.setLong(CURLOPT_FTP_FILEMETHOD, CURLFTPMETHOD_SINGLECWD);
    } else {
        refuse("it takes multicwd, nocwd or singlecwd");
    }
}

void localPort(CurlOptions& options, const std::string& value) {
    constexpr long highestPort = 65535;
    const auto dash = value.find('-');
    const long first = parseNumber(std::string_view(value).substr(0, dash), highestPort);
    const long last = dash == std::string::npos
                          ? first
                          : parseNumber(std::string_view(value).substr(dash + 1), highestPort);
    if (last < first) {
        refuse("the last port is below the first");
    }
    options.setLong(CURLOPT_LOCALPORT, first);
    options.setLong(CURLOPT_LOCALPORTRANGE, last - first + 1);
}

// FILE or FILE:PASSPHRASE; a colon that belongs to the name is written "\:".
void certificate(CurlOptions& options, const std::string& value) {
    takesValue(value);
    std::string file;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == ':' || value[i + 1] == '\\')) {
            file += value[++i];
        } else if (value[i] == ':' && !value.starts_with("pkcs11:")) {
            options.setText(CURLOPT_KEYPASSWD, value.substr(i + 1));
            break;
        } else {
            file += value[i];
        }
    }
    options.setText(CURLOPT_SSLCERT, file);
}

// Resuming rests on these two; a file cannot be meant, curl's "@FILE" is refused rather than sent as it is.
void header(CurlOptions& options, const std::string& value) {
    takesValue(value);
    for (const std::string_view name : {"range:", "if-range:", "accept-encoding:"}) {
        if (curl_strnequal(value.c_str(), name.data(), name.size()) != 0) {
            refuse("bootferry itself sets the header '" + value.substr(0, name.size() - 1) + "'");
        }
    }
    if (value.starts_with('@')) {
        refuse("headers cannot be read from a file");
    }
    if (value.find_first_of("\r\n") != std::string::npos) {
        refuse("a header is one line");
    }
    options.addHeader(value);
}

void cookie(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setText(value.find('=') != std::string::npos ? CURLOPT_COOKIE : CURLOPT_COOKIEFILE, value);
}

void referer(CurlOptions& options, const std::string& value) {
    constexpr std::string_view automatic = ";auto";
    auto address = value;
    if (address.ends_with(automatic)) {
        options.setLong(CURLOPT_AUTOREFERER, 1);
        address.resize(address.size() - automatic.size());
    }
    if (!address.empty()) {
        options.setText(CURLOPT_REFERER, address);
    }
}

void bearer(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setText(CURLOPT_XOAUTH2_BEARER, value);
    options.addAuth(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
}

void keepalive(CurlOptions& options, const std::string& value) {
    const long idle = parseNumber(value);
    options.setLong(CURLOPT_TCP_KEEPIDLE, idle);
    options.setLong(CURLOPT_TCP_KEEPINTVL, idle);
}

void insecure(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.setLong(CURLOPT_SSL_VERIFYPEER, 0);
    options.setLong(CURLOPT_SSL_VERIFYHOST, 0);
}

void proxyInsecure(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.setLong(CURLOPT_PROXY_SSL_VERIFYPEER, 0);
    options.setLong(CURLOPT_PROXY_SSL_VERIFYHOST, 0);
}

// curl's language for protocol lists: "=https" or plain names; "+x" and "-x" change a default of ours that
// nobody can be expected to know.
std::string protocolList(const std::string& value) {
    takesValue(value);
    auto names = value.starts_with('=') ? value.substr(1) : value;
    if (names.find_first_of("+-=") != std::string::npos) {
        refuse("it takes a list of protocols, e.g. =https or http,https");
    }
    return names;
}

#if LIBCURL_VERSION_NUM < 0x075500
long protocolBits(std::string_view names) {
    constexpr std::pair<std::string_view, long> known[] = {
        {"http", CURLPROTO_HTTP}, {"https", CURLPROTO_HTTPS}, {"ftp", CURLPROTO_FTP}};
    long bits = 0;
    while (!names.empty()) {
        const auto name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        const auto* found = std::find_if(std::begin(known), std::end(known),
                                         [name](const auto& p) { return p.first == name; });
        if (found == std::end(known)) {
            refuse("it takes http, https and ftp");
        }
        bits |= found->second;
    }
    return bits;
}
#endif

void protocols(CurlOptions& options, const std::string& value) {
    options.setProtocols(protocolList(value));
}

void redirectProtocols(CurlOptions& options, const std::string& value) {
    options.setRedirectProtocols(protocolList(value));
}

struct Row {
    const char* key;
    const char* help;
    void (*apply)(CurlOptions&, const std::string&);
};

#define METHOD(m) static_cast<unsigned long>(m)

constexpr Row rows[] = {
    // time and speed
    {"connect-timeout", "seconds until a connection must stand, decimals allowed; default 30",
     &seconds<CURLOPT_CONNECTTIMEOUT_MS>},
    {"max-time", "seconds one attempt may last, decimals allowed; it is then resumed; default 0, no limit",
     &seconds<CURLOPT_TIMEOUT_MS>},
    {"speed-limit", "bytes a second below which an attempt is given up after speed-time",
     &number<CURLOPT_LOW_SPEED_LIMIT>},
    {"speed-time", "seconds that the speed may stay below speed-limit", &number<CURLOPT_LOW_SPEED_TIME>},
    {"limit-rate", "bytes a second at most, e.g. 10M; default 0, no limit",
     &size<CURLOPT_MAX_RECV_SPEED_LARGE>},
    {"max-filesize", "bytes; a larger file is refused; default 0, no limit",
     &size<CURLOPT_MAXFILESIZE_LARGE>},
    {"keepalive-time", "seconds between keep-alive probes; default 60", &keepalive},
    {"no-keepalive", "FLAG: send no keep-alive probes", &flag<CURLOPT_TCP_KEEPALIVE, 0>},
    {"happy-eyeballs-timeout-ms", "milliseconds that IPv6 is ahead of IPv4; default 200",
     &number<CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS>},
    {"retry", "accepted; bootferry retries until it succeeds", &retry},
    {"retry-delay", "accepted; bootferry has its own delays", &retry},
    {"retry-max-time", "accepted; see rd.bootferry.timeout=", &retry},
    {"retry-connrefused", "FLAG: accepted; bootferry does so", &retry},
    {"retry-all-errors", "FLAG: accepted; bootferry retries what can pass", &retry},
    // certificates and TLS
    {"insecure", "FLAG: accept any certificate", &insecure},
    {"cacert", "file of the certificate authorities to trust; default: the distribution's",
     &text<CURLOPT_CAINFO>},
    {"capath", "folder of the certificate authorities to trust", &text<CURLOPT_CAPATH>},
    {"cert", "client certificate, FILE or FILE:PASSPHRASE", &certificate},
    {"cert-type", "PEM, DER or P12; default PEM", &text<CURLOPT_SSLCERTTYPE>},
    {"cert-status", "FLAG: demand a stapled OCSP answer", &flag<CURLOPT_SSL_VERIFYSTATUS>},
    {"key", "file of the client certificate's private key", &text<CURLOPT_SSLKEY>},
    {"key-type", "PEM, DER or ENG; default PEM", &text<CURLOPT_SSLKEYTYPE>},
    {"pass", "passphrase of the private key", &text<CURLOPT_KEYPASSWD>},
    {"pinnedpubkey", "file or sha256//HASH of the only public key to accept", &text<CURLOPT_PINNEDPUBLICKEY>},
    {"crlfile", "file of revoked certificates", &text<CURLOPT_CRLFILE>},
    {"ciphers", "ciphers to offer up to TLS 1.2", &text<CURLOPT_SSL_CIPHER_LIST>},
    {"tls13-ciphers", "ciphers to offer for TLS 1.3", &text<CURLOPT_TLS13_CIPHERS>},
    {"curves", "key exchange curves to offer", &text<CURLOPT_SSL_EC_CURVES>},
    {"tlsv1", "FLAG: TLS 1.0 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1>},
    {"tlsv1.0", "FLAG: TLS 1.0 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_0>},
    {"tlsv1.1", "FLAG: TLS 1.1 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_1>},
    {"tlsv1.2", "FLAG: TLS 1.2 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_2>},
    {"tlsv1.3", "FLAG: TLS 1.3 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_3>},
    {"tls-max", "default, 1.0, 1.1, 1.2 or 1.3: the highest TLS version to offer", &tlsMax},
    {"no-alpn", "FLAG: do not negotiate the protocol in TLS", &flag<CURLOPT_SSL_ENABLE_ALPN, 0>},
    {"no-sessionid", "FLAG: reuse no TLS session", &flag<CURLOPT_SSL_SESSIONID_CACHE, 0>},
    // who we are
    {"user", "USER:PASSWORD for the server; better: the URL or a credential", &text<CURLOPT_USERPWD>},
    {"basic", "FLAG: HTTP Basic authentication (default)", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_BASIC)>},
    {"digest", "FLAG: HTTP Digest authentication", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_DIGEST)>},
    {"ntlm", "FLAG: HTTP NTLM authentication", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_NTLM)>},
    {"negotiate", "FLAG: HTTP Negotiate (SPNEGO) authentication",
     &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_NEGOTIATE)>},
    {"anyauth", "FLAG: the safest authentication the server offers",
     &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_ANY)>},
    {"oauth2-bearer", "bearer token for the server", &bearer},
    {"netrc", "FLAG: take the login from ~/.netrc", &flag<CURLOPT_NETRC, CURL_NETRC_REQUIRED>},
    {"netrc-optional", "FLAG: take the login from ~/.netrc where nothing else gives it",
     &flag<CURLOPT_NETRC, CURL_NETRC_OPTIONAL>},
    {"netrc-file", "file to take the login from",
     [](CurlOptions& options, const std::string& value) {
         text<CURLOPT_NETRC_FILE>(options, value);
         options.setLong(CURLOPT_NETRC, CURL_NETRC_OPTIONAL);
     }},
    {"login-options", "how to log in, e.g. AUTH=PLAIN", &text<CURLOPT_LOGIN_OPTIONS>},
    // proxies
    {"proxy", "[SCHEME://]HOST[:PORT] of the proxy", &text<CURLOPT_PROXY>},
    {"proxy-user", "USER:PASSWORD for the proxy", &text<CURLOPT_PROXYUSERPWD>},
    {"proxy-basic", "FLAG: Basic authentication with the proxy",
     &auth<CURLOPT_PROXYAUTH, METHOD(CURLAUTH_BASIC)>},
    {"proxy-digest", "FLAG: Digest authentication with the proxy",
     &auth<CURLOPT_PROXYAUTH, METHOD(CURLAUTH_DIGEST)>},
    {"proxy-ntlm", "FLAG: NTLM authentication with the proxy",
     &auth<CURLOPT_PROXYAUTH, METHOD(CURLAUTH_NTLM)>},
    {"proxy-negotiate", "FLAG: Negotiate authentication with the proxy",
     &auth<CURLOPT_PROXYAUTH, METHOD(CURLAUTH_NEGOTIATE)>},
    {"proxy-anyauth", "FLAG: the safest authentication the proxy offers",
     &auth<CURLOPT_PROXYAUTH, METHOD(CURLAUTH_ANY)>},
    {"proxy-header", "header for the proxy; may be repeated", &list<CURLOPT_PROXYHEADER>},
    {"proxy-insecure", "FLAG: accept any certificate of the proxy", &proxyInsecure},
    {"proxy-cacert", "file of the certificate authorities to trust for the proxy",
     &text<CURLOPT_PROXY_CAINFO>},
    {"proxy-capath", "folder of the certificate authorities to trust for the proxy",
     &text<CURLOPT_PROXY_CAPATH>},
    {"proxytunnel", "FLAG: tunnel through the HTTP proxy", &flag<CURLOPT_HTTPPROXYTUNNEL>},
    {"preproxy", "SOCKS proxy in front of the proxy", &text<CURLOPT_PRE_PROXY>},
    {"noproxy", "hosts, with commas, that need no proxy", &text<CURLOPT_NOPROXY>},
    {"socks4", "HOST[:PORT] of a SOCKS4 proxy", &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS4>},
    {"socks4a", "HOST[:PORT] of a SOCKS4a proxy", &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS4A>},
    {"socks5", "HOST[:PORT] of a SOCKS5 proxy, names resolved here",
     &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS5>},
    {"socks5-hostname", "HOST[:PORT] of a SOCKS5 proxy, names resolved there",
     &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS5_HOSTNAME>},
    // HTTP
    {"location", "FLAG: follow redirects (default)", &alreadySo},
    {"location-trusted", "FLAG: send the login to redirected hosts, too", &flag<CURLOPT_UNRESTRICTED_AUTH>},
    {"max-redirs", "redirects to follow at most; default 10", &number<CURLOPT_MAXREDIRS>},
    {"header", "request header, NAME: VALUE; may be repeated", &header},
    {"user-agent", "name to give to the server", &text<CURLOPT_USERAGENT>},
    {"referer", "Referer header, URL or URL;auto", &referer},
    {"cookie", "NAME=VALUE, or a file of cookies", &cookie},
    {"http1.0", "FLAG: HTTP 1.0", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_0>},
    {"http1.1", "FLAG: HTTP 1.1 (default)", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1>},
    {"http2", "FLAG: HTTP 2 where the server has it", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_0>},
    {"http2-prior-knowledge", "FLAG: HTTP 2 without asking first",
     &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE>},
    {"path-as-is", "FLAG: keep /../ in the path", &flag<CURLOPT_PATH_AS_IS>},
    // FTP
    {"ftp-pasv", "FLAG: passive mode (default)", &alreadySo},
    {"ftp-port", "address or interface for active mode, - for the connection's own", &text<CURLOPT_FTPPORT>},
    {"ftp-method", "multicwd, nocwd or singlecwd", &ftpMethod},
    {"ftp-account", "account data", &text<CURLOPT_FTP_ACCOUNT>},
    {"ftp-alternative-to-user", "command to send where USER and PASS fail",
     &text<CURLOPT_FTP_ALTERNATIVE_TO_USER>},
    {"ftp-skip-pasv-ip", "FLAG: ignore the address in the answer to PASV", &flag<CURLOPT_FTP_SKIP_PASV_IP>},
    {"ftp-pret", "FLAG: send PRET before PASV", &flag<CURLOPT_FTP_USE_PRET>},
    {"disable-epsv", "FLAG: PASV instead of EPSV", &flag<CURLOPT_FTP_USE_EPSV, 0>},
    {"disable-eprt", "FLAG: PORT instead of EPRT", &flag<CURLOPT_FTP_USE_EPRT, 0>},
    {"ssl", "FLAG: FTP over TLS where the server has it", &flag<CURLOPT_USE_SSL, CURLUSESSL_TRY>},
    {"ssl-reqd", "FLAG: FTP over TLS or not at all", &flag<CURLOPT_USE_SSL, CURLUSESSL_ALL>},
    {"ftp-ssl", "FLAG: as ssl", &flag<CURLOPT_USE_SSL, CURLUSESSL_TRY>},
    {"ftp-ssl-reqd", "FLAG: as ssl-reqd", &flag<CURLOPT_USE_SSL, CURLUSESSL_ALL>},
    {"ftp-ssl-control", "FLAG: TLS for the FTP login alone", &flag<CURLOPT_USE_SSL, CURLUSESSL_CONTROL>},
    {"ftp-ssl-ccc", "FLAG: end TLS after the FTP login", &flag<CURLOPT_FTP_SSL_CCC, CURLFTPSSL_CCC_PASSIVE>},
    // the way there
    {"ipv4", "FLAG: IPv4 alone", &flag<CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4>},
    {"ipv6", "FLAG: IPv6 alone", &flag<CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V6>},
    {"interface", "interface, address or host name to send from", &text<CURLOPT_INTERFACE>},
    {"local-port", "port or FIRST-LAST to send from", &localPort},
    {"resolve", "HOST:PORT:ADDRESS instead of asking a name server; may be repeated", &list<CURLOPT_RESOLVE>},
    {"connect-to", "HOST1:PORT1:HOST2:PORT2, go to the second for the first; may be repeated",
     &list<CURLOPT_CONNECT_TO>},
    {"dns-servers", "addresses of name servers, with commas", &text<CURLOPT_DNS_SERVERS>},
    {"dns-interface", "interface to ask name servers by", &text<CURLOPT_DNS_INTERFACE>},
    {"dns-ipv4-addr", "IPv4 address to ask name servers from", &text<CURLOPT_DNS_LOCAL_IP4>},
    {"dns-ipv6-addr", "IPv6 address to ask name servers from", &text<CURLOPT_DNS_LOCAL_IP6>},
    {"doh-url", "URL of a DNS-over-HTTPS server", &text<CURLOPT_DOH_URL>},
    {"tcp-nodelay", "FLAG: send at once (default)", &flag<CURLOPT_TCP_NODELAY>},
    {"tcp-fastopen", "FLAG: TCP Fast Open", &flag<CURLOPT_TCP_FASTOPEN>},
    {"unix-socket", "path of a Unix socket to connect to", &text<CURLOPT_UNIX_SOCKET_PATH>},
    {"abstract-unix-socket", "name of an abstract Unix socket to connect to",
     &text<CURLOPT_ABSTRACT_UNIX_SOCKET>},
    {"haproxy-protocol", "FLAG: send a PROXY protocol line first", &flag<CURLOPT_HAPROXYPROTOCOL>},
    {"proto", "protocols to allow, e.g. =https", &protocols},
    {"proto-redir",
     "protocols that redirects may lead to, e.g. =https; default http,https, or https alone where the URL is",
     &redirectProtocols},
};

#undef METHOD

} // namespace

const bootferry_option* CurlOptions::described() {
    static const auto options = [] {
        std::vector<bootferry_option> described;
        for (const auto& row : rows) {
            described.push_back({row.key, row.help});
        }
        described.push_back({nullptr, nullptr});
        return described;
    }();
    return options.data();
}

void CurlOptions::set(const std::string& key, const std::string& value) {
    for (const auto& row : rows) {
        if (key == row.key) {
            row.apply(*this, value);
            return;
        }
    }
    refuse("curl's option --" + key + " is unknown or cannot be honoured here");
}

void CurlOptions::check(CURLcode code) {
    if (code == CURLE_OUT_OF_MEMORY) {
        throw std::bad_alloc();
    }
    if (code == CURLE_UNKNOWN_OPTION || code == CURLE_NOT_BUILT_IN) {
        refuse("the libcurl on this machine was built without it");
    }
    if (code != CURLE_OK) {
        refuse(std::string("its value cannot be used: ") + curl_easy_strerror(code));
    }
}

void CurlOptions::setLong(CURLoption option, long value) {
    check(curl_easy_setopt(easy_, option, value));
}

void CurlOptions::setLarge(CURLoption option, curl_off_t value) {
    check(curl_easy_setopt(easy_, option, value));
}

void CurlOptions::setText(CURLoption option, const std::string& value) {
    check(curl_easy_setopt(easy_, option, value.c_str()));
}

void CurlOptions::addToList(CURLoption option, const std::string& line) {
    auto& list = lists_[option];
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    (void)list.release(); // it is the beginning of the longer one
    list.reset(longer);
    check(curl_easy_setopt(easy_, option, longer));
}

void CurlOptions::addAuth(CURLoption option, long methods) {
    auto& all = auth_[option];
    all |= methods;
    setLong(option, all);
}

void CurlOptions::setLowestTls(long version) {
    lowestTls_ = version;
    setLong(CURLOPT_SSLVERSION, lowestTls_ | highestTls_);
}

void CurlOptions::setHighestTls(long version) {
    highestTls_ = version;
    setLong(CURLOPT_SSLVERSION, lowestTls_ | highestTls_);
}

#if LIBCURL_VERSION_NUM >= 0x075500
void CurlOptions::setProtocols(const std::string& names) {
    protocolsChosen_ = true;
    setText(CURLOPT_PROTOCOLS_STR, names);
}

void CurlOptions::setRedirectProtocols(const std::string& names) {
    redirectsChosen_ = true;
    setText(CURLOPT_REDIR_PROTOCOLS_STR, names);
}
#else
void CurlOptions::setProtocols(const std::string& names) {
    protocolsChosen_ = true;
    setLong(CURLOPT_PROTOCOLS, protocolBits(names));
}

void CurlOptions::setRedirectProtocols(const std::string& names) {
    redirectsChosen_ = true;
    setLong(CURLOPT_REDIR_PROTOCOLS, protocolBits(names));
}
#endif

void CurlOptions::finishProtocols(bool encrypted) {
    if (!protocolsChosen_) {
        setProtocols("http,https,ftp");
    }
    if (!redirectsChosen_) {
        setRedirectProtocols(encrypted ? "https" : "http,https");
    }
}

} // namespace bootferry::curl
