// SPDX-License-Identifier: LGPL-2.1-or-later
// One row per option: its name, its text in `bootferryctl plugins`, and the function that sets it. Most are
// one libcurl call, made by a template; options with a special format have their own function. The file is
// long because curl has so many options.
#include "option_rows.h"

#include <string_view>

#include "curl_options.h"
#include "option_values.h"
#include "proxy_url.h"

namespace bootferry::curl {
namespace {

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
void file(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setFile(option, value);
}

// A file, or sha256//HASH.
template <CURLoption option>
void pinnedKey(CurlOptions& options, const std::string& value) {
    takesValue(value);
    if (value.starts_with("sha256//")) {
        options.setText(option, value);
    } else {
        options.setFile(option, value);
    }
}

template <CURLoption option>
void seconds(CurlOptions& options, const std::string& value) {
    options.setLong(option, parseSeconds(value));
}

template <CURLoption option>
void number(CurlOptions& options, const std::string& value) {
    options.setLong(option, parseNumber(value));
}

// The limits of RFC 2348.
void tftpBlockSize(CurlOptions& options, const std::string& value) {
    constexpr long least = 8;
    constexpr long most = 65464;
    const long bytes = parseNumber(value, most);
    if (bytes < least) {
        refuse("it takes a number from 8 to 65464");
    }
    options.setLong(CURLOPT_TFTP_BLKSIZE, bytes);
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

template <CURLoption option>
void proxyUrl(CurlOptions& options, const std::string& value) {
    takesValue(value);
    if (hasControlCharacter(value)) {
        refuse("its URL contains a control character");
    }
    options.setText(option, value);
}

template <CURLoption option, long type>
void proxyOfType(CurlOptions& options, const std::string& value) {
    proxyUrl<option>(options, value);
    options.setLong(CURLOPT_PROXYTYPE, type);
    options.nameProxy(value, type != CURLPROXY_HTTP && type != CURLPROXY_HTTP_1_0);
}

// The host retries by its own rules until it succeeds, so these options have no effect.
void retry(CurlOptions& options, const std::string& value) {
    if (!value.empty()) {
        (void)parseSeconds(value);
    }
    options.remark(
        "failed transfers are resumed until they succeed; curl's own retry options change nothing");
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
template <CURLoption fileOption, CURLoption passphraseOption>
void certificate(CurlOptions& options, const std::string& value) {
    takesValue(value);
    std::string file;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == ':' || value[i + 1] == '\\')) {
            file += value[++i];
        } else if (value[i] == ':' && !value.starts_with("pkcs11:")) {
            options.setText(passphraseOption, value.substr(i + 1));
            break;
        } else {
            file += value[i];
        }
    }
    if (file.starts_with("pkcs11:")) {
        options.setText(fileOption, file);
    } else {
        options.setFile(fileOption, file);
    }
}

// Reading headers from a file, curl's "@FILE", is refused rather than sent literally.
void checkHeaderLine(const std::string& value) {
    takesValue(value);
    if (value.starts_with('@')) {
        refuse("headers cannot be read from a file");
    }
    if (value.find_first_of("\r\n") != std::string::npos) {
        refuse("a header is one line");
    }
}

// Resuming depends on the first two, and receiving the unencoded file on the third.
void header(CurlOptions& options, const std::string& value) {
    checkHeaderLine(value);
    for (const std::string_view name : {"range:", "if-range:", "accept-encoding:"}) {
        if (curl_strnequal(value.c_str(), name.data(), name.size()) != 0) {
            refuse("bootferry itself sets the header '" + value.substr(0, name.size() - 1) + "'");
        }
    }
    options.addHeader(value);
}

void proxyHeader(CurlOptions& options, const std::string& value) {
    checkHeaderLine(value);
    options.addToList(CURLOPT_PROXYHEADER, value);
}

void cookie(CurlOptions& options, const std::string& value) {
    takesValue(value);
    if (value.find('=') != std::string::npos) {
        options.addCookies(value);
    } else {
        options.useCookieFile(value);
    }
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

template <CURLoption peer, CURLoption host>
void insecure(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.setLong(peer, 0);
    options.setLong(host, 0);
}

// -1 means no limit, as in curl.
void maxRedirects(CurlOptions& options, const std::string& value) {
    options.setLong(CURLOPT_MAXREDIRS, value == "-1" ? -1 : parseNumber(value));
}

void locationTrusted(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.setLong(CURLOPT_FOLLOWLOCATION, 1);
    options.setLong(CURLOPT_UNRESTRICTED_AUTH, 1);
}

void signedRequest(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.setText(CURLOPT_AWS_SIGV4, value);
    options.addAuth(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_AWS_SIGV4));
}

void delegation(CurlOptions& options, const std::string& value) {
    constexpr std::pair<std::string_view, long> levels[] = {{"none", CURLGSSAPI_DELEGATION_NONE},
                                                            {"policy", CURLGSSAPI_DELEGATION_POLICY_FLAG},
                                                            {"always", CURLGSSAPI_DELEGATION_FLAG}};
    for (const auto& [name, level] : levels) {
        if (name == value) {
            options.setLong(CURLOPT_GSSAPI_DELEGATION, level);
            return;
        }
    }
    refuse("it takes none, policy or always");
}

void netrcFile(CurlOptions& options, const std::string& value) {
    takesValue(value);
    options.useNetrcFile(value);
    options.useNetrc(CURL_NETRC_REQUIRED);
}

// Whether libcurl has these constants as an enumeration or, since 8.14, as long.
template <long use>
void netrc(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.useHomeNetrc();
    options.useNetrc(use);
}

template <long level>
void useSsl(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.useSsl(level);
}

void passiveFtp(CurlOptions& options, const std::string& value) {
    takesNoValue(value);
    options.unset(CURLOPT_FTPPORT);
}

void clearCommandChannel(CurlOptions& options, const std::string& value) {
    if (value != "active" && value != "passive") {
        refuse("it takes active or passive");
    }
    options.setLong(CURLOPT_FTP_SSL_CCC, value == "active" ? CURLFTPSSL_CCC_ACTIVE : CURLFTPSSL_CCC_PASSIVE);
}

void speedLimit(CurlOptions& options, const std::string& value) {
    options.setLowestSpeed(parseNumber(value));
}

void speedTime(CurlOptions& options, const std::string& value) {
    options.setLowestSpeedTime(parseNumber(value));
}

void protocols(CurlOptions& options, const std::string& value) {
    options.chooseProtocols(value);
}

void redirectProtocols(CurlOptions& options, const std::string& value) {
    options.chooseRedirectProtocols(value);
}

[[maybe_unused]] void tooNew(CurlOptions&, const std::string&) {
    refuse("the libcurl that this plugin was built with is older than the option");
}

// Options that the oldest supported libcurl lacks.
#if LIBCURL_VERSION_NUM >= 0x080200
constexpr auto haproxyClientAddress = &text<CURLOPT_HAPROXY_CLIENT_IP>;
#else
constexpr auto haproxyClientAddress = &tooNew;
#endif
#if LIBCURL_VERSION_NUM >= 0x080900
constexpr auto keepaliveProbes = &number<CURLOPT_TCP_KEEPCNT>;
#else
constexpr auto keepaliveProbes = &tooNew;
#endif
#if LIBCURL_VERSION_NUM >= 0x080e00
constexpr auto signatureAlgorithms = &text<CURLOPT_SSL_SIGNATURE_ALGORITHMS>;
#else
constexpr auto signatureAlgorithms = &tooNew;
#endif
constexpr long http3Only = 31; // CURL_HTTP_VERSION_3ONLY; libcurl before 7.88 refuses it

#define METHOD(m) static_cast<unsigned long>(m)

constexpr OptionRow rows[] = {
    // time and speed
    {"connect-timeout", "seconds within which to connect, decimals allowed; default 30, with tftp 8",
     &seconds<CURLOPT_CONNECTTIMEOUT_MS>},
    {"max-time", "seconds one attempt may last, decimals allowed; it is then resumed; default 0, no limit",
     &seconds<CURLOPT_TIMEOUT_MS>},
    {"speed-limit",
     "bytes a second below which an attempt is given up after speed-time; default 1 with speed-time",
     &speedLimit},
    {"speed-time", "seconds that the speed may stay below speed-limit; default 30 with speed-limit",
     &speedTime},
    {"limit-rate", "bytes a second at most, e.g. 10M; default 0, no limit",
     &size<CURLOPT_MAX_RECV_SPEED_LARGE>},
    {"max-filesize", "bytes; a larger file is refused; default 0, no limit",
     &size<CURLOPT_MAXFILESIZE_LARGE>},
    {"keepalive-time", "seconds between keep-alive probes; default 60", &keepalive},
    {"keepalive-cnt", "keep-alive probes without an answer that end the connection", keepaliveProbes},
    {"no-keepalive", "FLAG: send no keep-alive probes", &flag<CURLOPT_TCP_KEEPALIVE, 0>},
    {"happy-eyeballs-timeout-ms", "milliseconds before IPv4 is tried beside IPv6; default 200",
     &number<CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS>},
    {"retry", "accepted; bootferry retries until it succeeds", &retry},
    {"retry-delay", "accepted; bootferry has its own delays", &retry},
    {"retry-max-time", "accepted; see rd.bootferry.timeout=", &retry},
    {"retry-connrefused", "FLAG: accepted; bootferry always retries then", &retry},
    {"retry-all-errors", "FLAG: accepted; bootferry retries temporary failures", &retry},
    // certificates and TLS
    {"insecure", "FLAG: accept any certificate", &insecure<CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST>},
    {"cacert", "file of the certificate authorities to trust; default: the distribution's",
     &file<CURLOPT_CAINFO>},
    {"capath", "folder of the certificate authorities to trust", &file<CURLOPT_CAPATH>},
    {"cert", "client certificate, FILE or FILE:PASSPHRASE", &certificate<CURLOPT_SSLCERT, CURLOPT_KEYPASSWD>},
    {"cert-type", "PEM, DER or P12; default PEM", &text<CURLOPT_SSLCERTTYPE>},
    {"cert-status", "FLAG: demand a stapled OCSP answer", &flag<CURLOPT_SSL_VERIFYSTATUS>},
    {"key", "file of the client certificate's private key", &file<CURLOPT_SSLKEY>},
    {"key-type", "PEM, DER or ENG; default PEM", &text<CURLOPT_SSLKEYTYPE>},
    {"pass", "passphrase of the private key", &text<CURLOPT_KEYPASSWD>},
    {"pinnedpubkey", "file or sha256//HASH of the only public key to accept",
     &pinnedKey<CURLOPT_PINNEDPUBLICKEY>},
    {"crlfile", "file of revoked certificates", &file<CURLOPT_CRLFILE>},
    {"ciphers", "ciphers to offer up to TLS 1.2", &text<CURLOPT_SSL_CIPHER_LIST>},
    {"tls13-ciphers", "ciphers to offer for TLS 1.3", &text<CURLOPT_TLS13_CIPHERS>},
    {"curves", "key exchange curves to offer", &text<CURLOPT_SSL_EC_CURVES>},
    {"sigalgs", "signature algorithms to offer", signatureAlgorithms},
    {"tlsv1", "FLAG: TLS 1.0 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1>},
    {"tlsv1.0", "FLAG: TLS 1.0 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_0>},
    {"tlsv1.1", "FLAG: TLS 1.1 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_1>},
    {"tlsv1.2", "FLAG: TLS 1.2 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_2>},
    {"tlsv1.3", "FLAG: TLS 1.3 or later", &tlsAtLeast<CURL_SSLVERSION_TLSv1_3>},
    {"tls-max", "default, 1.0, 1.1, 1.2 or 1.3: the highest TLS version to offer", &tlsMax},
    {"tlsauthtype", "SRP: log in within TLS", &text<CURLOPT_TLSAUTH_TYPE>},
    {"tlsuser", "user name within TLS", &text<CURLOPT_TLSAUTH_USERNAME>},
    {"tlspassword", "password within TLS", &text<CURLOPT_TLSAUTH_PASSWORD>},
    {"ssl-allow-beast", "FLAG: no workaround for BEAST", &flag<CURLOPT_SSL_OPTIONS, CURLSSLOPT_ALLOW_BEAST>},
    {"no-alpn", "FLAG: do not negotiate the protocol in TLS", &flag<CURLOPT_SSL_ENABLE_ALPN, 0>},
    {"no-sessionid", "FLAG: reuse no TLS session", &flag<CURLOPT_SSL_SESSIONID_CACHE, 0>},
    // authentication
    {"user", "USER:PASSWORD for the server; better: the URL or a credential", &text<CURLOPT_USERPWD>},
    {"basic", "FLAG: HTTP Basic authentication (default)", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_BASIC)>},
    {"digest", "FLAG: HTTP Digest authentication", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_DIGEST)>},
    {"ntlm", "FLAG: HTTP NTLM authentication", &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_NTLM)>},
    {"negotiate", "FLAG: HTTP Negotiate (SPNEGO) authentication",
     &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_NEGOTIATE)>},
    {"anyauth", "FLAG: the safest authentication the server offers",
     &auth<CURLOPT_HTTPAUTH, METHOD(CURLAUTH_ANY)>},
    {"oauth2-bearer", "bearer token for the server", &bearer},
    {"aws-sigv4", "PROVIDER1[:PROVIDER2[:REGION[:SERVICE]]]: sign the request with user", &signedRequest},
    {"delegation", "none, policy or always: hand on GSS-API credentials; default none", &delegation},
    {"service-name", "service name for Negotiate; default HTTP", &text<CURLOPT_SERVICE_NAME>},
    {"netrc", "FLAG: take the login from ~/.netrc", &netrc<CURL_NETRC_REQUIRED>},
    {"netrc-optional", "FLAG: take the login from ~/.netrc, or where that has none from the URL",
     &netrc<CURL_NETRC_OPTIONAL>},
    {"netrc-file", "file to take the login from", &netrcFile},
    {"login-options", "how to log in, e.g. AUTH=PLAIN", &text<CURLOPT_LOGIN_OPTIONS>},
    // proxies
    {"proxy", "[SCHEME://]HOST[:PORT] of the proxy", &proxyOfType<CURLOPT_PROXY, CURLPROXY_HTTP>},
    {"proxy1.0", "HOST[:PORT] of a proxy that speaks HTTP 1.0",
     &proxyOfType<CURLOPT_PROXY, CURLPROXY_HTTP_1_0>},
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
    {"proxy-service-name", "service name for Negotiate with the proxy", &text<CURLOPT_PROXY_SERVICE_NAME>},
    {"proxy-header", "header for the proxy; may be repeated", &proxyHeader},
    {"proxy-insecure", "FLAG: accept any certificate of the proxy",
     &insecure<CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST>},
    {"proxy-cacert", "file of the certificate authorities to trust for the proxy",
     &file<CURLOPT_PROXY_CAINFO>},
    {"proxy-capath", "folder of the certificate authorities to trust for the proxy",
     &file<CURLOPT_PROXY_CAPATH>},
    {"proxy-cert", "client certificate for the proxy, FILE or FILE:PASSPHRASE",
     &certificate<CURLOPT_PROXY_SSLCERT, CURLOPT_PROXY_KEYPASSWD>},
    {"proxy-cert-type", "PEM, DER or P12; default PEM", &text<CURLOPT_PROXY_SSLCERTTYPE>},
    {"proxy-key", "file of the private key of proxy-cert", &file<CURLOPT_PROXY_SSLKEY>},
    {"proxy-key-type", "PEM, DER or ENG; default PEM", &text<CURLOPT_PROXY_SSLKEYTYPE>},
    {"proxy-pass", "passphrase of proxy-key", &text<CURLOPT_PROXY_KEYPASSWD>},
    {"proxy-pinnedpubkey", "file or sha256//HASH of the only public key to accept of the proxy",
     &pinnedKey<CURLOPT_PROXY_PINNEDPUBLICKEY>},
    {"proxy-crlfile", "file of revoked certificates for the proxy", &file<CURLOPT_PROXY_CRLFILE>},
    {"proxy-ciphers", "ciphers to offer the proxy up to TLS 1.2", &text<CURLOPT_PROXY_SSL_CIPHER_LIST>},
    {"proxy-tls13-ciphers", "ciphers to offer the proxy for TLS 1.3", &text<CURLOPT_PROXY_TLS13_CIPHERS>},
    {"proxy-tlsv1", "FLAG: TLS 1.0 or later with the proxy",
     &flag<CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1>},
    {"proxy-tlsauthtype", "SRP: log in with the proxy within TLS", &text<CURLOPT_PROXY_TLSAUTH_TYPE>},
    {"proxy-tlsuser", "user name for the proxy within TLS", &text<CURLOPT_PROXY_TLSAUTH_USERNAME>},
    {"proxy-tlspassword", "password for the proxy within TLS", &text<CURLOPT_PROXY_TLSAUTH_PASSWORD>},
    {"proxy-ssl-allow-beast", "FLAG: no workaround for BEAST with the proxy",
     &flag<CURLOPT_PROXY_SSL_OPTIONS, CURLSSLOPT_ALLOW_BEAST>},
    {"proxytunnel", "FLAG: tunnel through the HTTP proxy", &flag<CURLOPT_HTTPPROXYTUNNEL>},
    {"preproxy", "SOCKS proxy in front of the proxy", &proxyUrl<CURLOPT_PRE_PROXY>},
    {"noproxy", "hosts, with commas, that need no proxy", &text<CURLOPT_NOPROXY>},
    {"socks4", "HOST[:PORT] of a SOCKS4 proxy", &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS4>},
    {"socks4a", "HOST[:PORT] of a SOCKS4a proxy", &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS4A>},
    {"socks5", "HOST[:PORT] of a SOCKS5 proxy, names resolved here",
     &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS5>},
    {"socks5-hostname", "HOST[:PORT] of a SOCKS5 proxy, names resolved there",
     &proxyOfType<CURLOPT_PROXY, CURLPROXY_SOCKS5_HOSTNAME>},
    {"socks5-basic", "FLAG: log in with the SOCKS5 proxy by name and password",
     &auth<CURLOPT_SOCKS5_AUTH, METHOD(CURLAUTH_BASIC)>},
    {"socks5-gssapi", "FLAG: log in with the SOCKS5 proxy by GSS-API",
     &auth<CURLOPT_SOCKS5_AUTH, METHOD(CURLAUTH_GSSAPI)>},
    {"socks5-gssapi-nec", "FLAG: protection negotiated in the clear, as NEC's SOCKS5 server has it",
     &flag<CURLOPT_SOCKS5_GSSAPI_NEC>},
    {"socks5-gssapi-service", "service name of the SOCKS5 proxy; default rcmd",
     &text<CURLOPT_PROXY_SERVICE_NAME>},
    // HTTP
    {"location", "FLAG: follow redirects (default)", &flag<CURLOPT_FOLLOWLOCATION>},
    {"no-location", "FLAG: follow no redirects", &flag<CURLOPT_FOLLOWLOCATION, 0>},
    {"location-trusted", "FLAG: send the login to redirected hosts, too", &locationTrusted},
    {"max-redirs", "redirects to follow at most, -1 for no limit; default 10", &maxRedirects},
    {"header", "request header, NAME: VALUE; may be repeated", &header},
    {"user-agent", "name to give to the server", &text<CURLOPT_USERAGENT>},
    {"referer", "Referer header, URL or URL;auto", &referer},
    {"cookie", "NAME=VALUE, or a file of cookies; may be repeated", &cookie},
    {"junk-session-cookies", "FLAG: leave session cookies of the file out", &flag<CURLOPT_COOKIESESSION>},
    {"http1.0", "FLAG: HTTP 1.0", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_0>},
    {"http1.1", "FLAG: HTTP 1.1 (default)", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1>},
    {"http2", "FLAG: HTTP 2 where the server has it", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_0>},
    {"http2-prior-knowledge", "FLAG: HTTP 2 without asking first",
     &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE>},
    {"http3", "FLAG: HTTP 3 where the server has it", &flag<CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_3>},
    {"http3-only", "FLAG: HTTP 3 and nothing else", &flag<CURLOPT_HTTP_VERSION, http3Only>},
    {"request-target", "the path to request instead of the URL's", &text<CURLOPT_REQUEST_TARGET>},
    {"path-as-is", "FLAG: keep /../ in the path", &flag<CURLOPT_PATH_AS_IS>},
    // FTP
    {"ftp-pasv", "FLAG: passive mode (default)", &passiveFtp},
    {"ftp-port", "address or interface for active mode, - for the connection's own", &text<CURLOPT_FTPPORT>},
    {"ftp-method", "multicwd, nocwd or singlecwd", &ftpMethod},
    {"ftp-account", "account data", &text<CURLOPT_FTP_ACCOUNT>},
    {"ftp-alternative-to-user", "command to send where USER and PASS fail",
     &text<CURLOPT_FTP_ALTERNATIVE_TO_USER>},
    {"ftp-skip-pasv-ip", "FLAG: ignore the address in the answer to PASV (default)",
     &flag<CURLOPT_FTP_SKIP_PASV_IP>},
    {"no-ftp-skip-pasv-ip", "FLAG: use the address in the answer to PASV",
     &flag<CURLOPT_FTP_SKIP_PASV_IP, 0>},
    {"tftp-blksize", "bytes of a block of tftp, 8 to 65464; default 1428", &tftpBlockSize},
    {"tftp-no-options", "FLAG: send no options of tftp, for a server that does not understand them",
     &flag<CURLOPT_TFTP_NO_OPTIONS>},
    {"ftp-pret", "FLAG: send PRET before PASV", &flag<CURLOPT_FTP_USE_PRET>},
    {"disable-epsv", "FLAG: PASV instead of EPSV", &flag<CURLOPT_FTP_USE_EPSV, 0>},
    {"disable-eprt", "FLAG: PORT instead of EPRT", &flag<CURLOPT_FTP_USE_EPRT, 0>},
    {"ssl", "FLAG: FTP over TLS where the server has it", &useSsl<CURLUSESSL_TRY>},
    {"ssl-reqd", "FLAG: FTP over TLS or not at all", &useSsl<CURLUSESSL_ALL>},
    {"ftp-ssl", "FLAG: as ssl", &useSsl<CURLUSESSL_TRY>},
    {"ftp-ssl-reqd", "FLAG: as ssl-reqd", &useSsl<CURLUSESSL_ALL>},
    {"ftp-ssl-control", "FLAG: TLS for the FTP login alone", &useSsl<CURLUSESSL_CONTROL>},
    {"ftp-ssl-ccc", "FLAG: end TLS after the FTP login", &flag<CURLOPT_FTP_SSL_CCC, CURLFTPSSL_CCC_PASSIVE>},
    {"ftp-ssl-ccc-mode", "active or passive: who ends TLS after the FTP login", &clearCommandChannel},
    // network
    {"ipv4", "FLAG: IPv4 alone", &flag<CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4>},
    {"ipv6", "FLAG: IPv6 alone", &flag<CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V6>},
    {"interface", "interface, address or host name to send from", &text<CURLOPT_INTERFACE>},
    {"local-port", "port or FIRST-LAST to send from", &localPort},
    {"resolve", "HOST:PORT:ADDRESS instead of asking a name server; may be repeated", &list<CURLOPT_RESOLVE>},
    {"connect-to", "HOST1:PORT1:HOST2:PORT2, connect to the second for the first; may be repeated",
     &list<CURLOPT_CONNECT_TO>},
    {"dns-servers", "addresses of name servers, with commas", &text<CURLOPT_DNS_SERVERS>},
    {"dns-interface", "interface to ask name servers by", &text<CURLOPT_DNS_INTERFACE>},
    {"dns-ipv4-addr", "IPv4 address to ask name servers from", &text<CURLOPT_DNS_LOCAL_IP4>},
    {"dns-ipv6-addr", "IPv6 address to ask name servers from", &text<CURLOPT_DNS_LOCAL_IP6>},
    {"doh-url", "URL of a DNS-over-HTTPS server", &text<CURLOPT_DOH_URL>},
    {"doh-insecure", "FLAG: accept any certificate of the DNS-over-HTTPS server",
     &insecure<CURLOPT_DOH_SSL_VERIFYPEER, CURLOPT_DOH_SSL_VERIFYHOST>},
    {"doh-cert-status", "FLAG: demand a stapled OCSP answer of the DNS-over-HTTPS server",
     &flag<CURLOPT_DOH_SSL_VERIFYSTATUS>},
    {"tcp-nodelay", "FLAG: send at once (default)", &flag<CURLOPT_TCP_NODELAY>},
    {"no-tcp-nodelay", "FLAG: gather small packets", &flag<CURLOPT_TCP_NODELAY, 0>},
    {"tcp-fastopen", "FLAG: TCP Fast Open", &flag<CURLOPT_TCP_FASTOPEN>},
    {"unix-socket", "path of a Unix socket to connect to", &text<CURLOPT_UNIX_SOCKET_PATH>},
    {"abstract-unix-socket", "name of an abstract Unix socket to connect to",
     &text<CURLOPT_ABSTRACT_UNIX_SOCKET>},
    {"haproxy-protocol", "FLAG: send a PROXY protocol line first", &flag<CURLOPT_HAPROXYPROTOCOL>},
    {"haproxy-clientip", "address to name in that line", haproxyClientAddress},
    {"proto", "protocols to allow, e.g. =https, or -ftp to forbid one", &protocols},
    {"proto-redir",
     "protocols that redirects may lead to, e.g. =https; default http,https, or https alone where the URL is",
     &redirectProtocols},
};

#undef METHOD

} // namespace

std::span<const OptionRow> optionRows() {
    return rows;
}

} // namespace bootferry::curl
