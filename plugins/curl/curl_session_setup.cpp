// SPDX-License-Identifier: LGPL-2.1-or-later
// What is set on libcurl's handle before the transfer: defaults, then the user's options (curl_options.h),
// then what the contract with the host requires.
#include "curl_session.h"

#include <algorithm>
#include <initializer_list>

#include "ca_bundle.h"
#include "proxy_url.h"
#include "url_text.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

constexpr long receiveBufferSize = 512L * 1024; // libcurl's largest
constexpr long partBufferSize = 64L * 1024;     // several parts are fetched at a time, each slowly
// The largest that fits into a packet of Ethernet, also under IPv6 and PPPoE. A server that does not know the
// option sends 512 bytes at a time. libcurl lacks the option for windows (RFC 7440).
constexpr long tftpBlockSize = 1428;
// libcurl makes of it the time after which the server repeats a block (the option timeout of RFC 2349): a
// third of it, in whole seconds. 30 seconds would be 5, for each packet that is lost. It includes the lookup
// of the name, and a resolver waits 5 seconds for a name server that is dead before it asks the next one.
constexpr long tftpConnectTimeout = 8000;

void refuseWithTftp(const CurlOptions& options, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (options.has(name)) {
            throw Failure(BOOTFERRY_ERROR_INVALID,
                          std::string("curl's option ") + name + " does not work with tftp");
        }
    }
}

void requireProxyVariables(const CurlOptions& options) {
    if (options.nameProxy()) {
        return;
    }
    if (const auto name = wrongProxyVariable()) {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      "the environment variable " + *name + ": its URL contains a control character");
    }
}

// Control characters are in no file's name, and a line of ftp cannot hold them. http sends the path as it is
// written.
void requireFileName(const std::string& url, bool isFtp) {
    if (isFtp && hasControlCharacter(url)) {
        throw Failure(
            BOOTFERRY_ERROR_INVALID,
            "the URL cannot be used: ftp cannot ask for a file with a control character in its name");
    }
    if (url.find("%00") != std::string::npos) {
        throw Failure(BOOTFERRY_ERROR_INVALID, "the URL cannot be used: it contains %00, which no name has");
    }
}

// libcurl 7.87 and 7.88 begin no TLS on a connection that the server opens, and wait (its pull request
// 10669).
void requireActiveTls(const CurlOptions& options) {
    constexpr unsigned first = 0x075700;
    constexpr unsigned fixed = 0x080000;
    const auto* library = curl_version_info(CURLVERSION_NOW);
    if (options.has("ftp-port") && options.askForTlsData() && library->version_num >= first &&
        library->version_num < fixed) {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      std::string("curl's option ftp-port does not work with TLS in libcurl ") +
                          library->version + ": leave it out, or use ftp-ssl-control for plain data");
    }
}

// libcurl takes the list of a folder for a file if the path, decoded, ends in a slash, or if its type is "d".
void requireFtpFile(const std::string& url) {
    auto path = url.substr(0, url.find('#'));
    const auto place = path.find("://");
    path.erase(0, path.find('/', place == std::string::npos ? 0 : place + 3));
    const auto type = std::min(path.find(";type="), path.size());
    const auto letter = path.substr(type);
    if (letter == ";type=a" || letter == ";type=A") {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      "the image would be converted: remove '" + letter + "' from the URL");
    }
    const bool isList = letter == ";type=d" || letter == ";type=D";
    path.resize(type);
    if (isList || path.empty() || path.ends_with('/') || path.ends_with("%2F") || path.ends_with("%2f")) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND, "'" + path + "' is a folder, not a file");
    }
}

} // namespace

// Set before the user's options, which may override these.
void CurlSession::configureDefaults() {
    auto* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "bootferry/" BOOTFERRY_PLUGIN_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 30000L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TFTP_BLKSIZE, tftpBlockSize);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1); // one stream: nothing to multiplex
    configureTrust();
    configureLogin();
}

// Set after the user's options, since the contract with the host depends on these.
void CurlSession::configure(const bootferry_request& request) {
    auto* easy = easy_.get();
    url_ = request.url;
    isFtp_ = schemeOf(url_) == "ftp";
    isTftp_ = schemeOf(url_) == "tftp";
    offset_ = request.offset;
    wantedValidator_ = request.validator != nullptr ? request.validator : "";
    if (!isFtp_ && !isTftp_ && request.length != BOOTFERRY_SIZE_UNKNOWN) {
        length_ = request.length;
    }
    const auto bufferSize = length_ ? partBufferSize : receiveBufferSize;
    // libcurl may deliver one more receive buffer after a pause was requested.
    overflow_.resize(2 * static_cast<std::size_t>(bufferSize));

    options_.requireFiles();
    const bool isElsewhere = (request.flags & BOOTFERRY_REQUEST_ELSEWHERE) != 0;
    if (isElsewhere) {
        options_.leaveLoginOut();
        configureLogin();
    }
    options_.finishCookies(hostOf(authorityOf(url_)));
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    options_.finishProtocols(url_.starts_with("https:"));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, bufferSize);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, errorText_.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlSession::onBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlSession::onHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); // cancelling does not wait for a name server
#endif
    if (isFtp_) {
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &CurlSession::onProgress);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
    }
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlSession::openSocket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlSession::beforeRequest);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy_.get(), CURLOPT_FILETIME, 1L); // for ftp it is a part of the validator
    if (!isTftp_) {
        requireProxyVariables(options_);
    }
    if (isFtp_) {
        configureFtp();
    } else if (isTftp_) {
        configureTftp(isElsewhere);
    } else {
        configureHttp();
    }
}

void CurlSession::configureTrust() {
    auto* easy = easy_.get();
    if (const auto authorities = host().credential("cacert")) {
        curl_blob blob{};
        blob.data = const_cast<char*>(authorities->data()); // copied by libcurl, see the flag
        blob.len = authorities->size();
        blob.flags = CURL_BLOB_COPY;
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
        return;
    }
    if (const auto bundle = findCaBundle(); !bundle.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, bundle.c_str());
    }
}

void CurlSession::configureLogin() {
    if (const auto user = host().credential("user")) {
        curl_easy_setopt(easy_.get(), CURLOPT_USERNAME, user->c_str());
        curl_easy_setopt(easy_.get(), CURLOPT_PASSWORD, host().credential("password").value_or("").c_str());
    }
}

std::string CurlSession::rangeText() const {
    if (length_) {
        return std::to_string(offset_) + "-" + std::to_string(offset_ + *length_ - 1);
    }
    return offset_ > 0 ? std::to_string(offset_) + "-" : std::string();
}

void CurlSession::configureHttp() {
    const auto range = rangeText();
    tlsEnd_.watch(easy_.get());
    // So that the bytes of another protocol arrive here, and can be named. They are always refused.
    curl_easy_setopt(easy_.get(), CURLOPT_HTTP09_ALLOWED, 1L);
    if (options_.has("http2") || options_.has("http2-prior-knowledge")) {
        watchDebugText();
    }
    if (range.empty()) {
        return;
    }
    curl_easy_setopt(easy_.get(), CURLOPT_RANGE, range.c_str());
    if (!wantedValidator_.empty()) {
        options_.addHeader("If-Range: " + std::string(ifRangeOf(wantedValidator_)));
    }
}

// libcurl tells the words of a server's error only to a function for debugging.
void CurlSession::configureTftp(bool isElsewhere) {
    refuseWithTftp(options_, {"proxy", "proxy1.0", "preproxy", "socks4", "socks4a", "socks5",
                              "socks5-hostname", "limit-rate"});
    if (!isElsewhere) { // there, CurlOptions::leaveLoginOut() has left these out
        refuseWithTftp(options_, {"user", "oauth2-bearer", "aws-sigv4", "tlsuser", "tlspassword",
                                  "ftp-account", "ftp-alternative-to-user", "header", "cookie", "referer"});
    }
    requireFileName(url_, false);
    const auto mode = url_.find(";mode=");
    if (mode != std::string::npos && url_.substr(mode) != ";mode=octet") {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      "the image would be converted: remove '" + url_.substr(mode) + "' from the URL");
    }
    auto* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // nor those of the environment
    if (!options_.has("connect-timeout")) {
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, tftpConnectTimeout);
    }
    watchDebugText();
    if (offset_ > 0) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "tftp cannot resume, it sends the whole file");
    }
}

void CurlSession::watchDebugText() {
    curl_easy_setopt(easy_.get(), CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_DEBUGFUNCTION, &CurlSession::onDebugText);
    curl_easy_setopt(easy_.get(), CURLOPT_DEBUGDATA, this);
}

void CurlSession::configureFtp() {
    auto* easy = easy_.get();
    requireFileName(url_, true);
    requireFtpFile(url_);
    requireActiveTls(options_);
    tlsEnd_.watch(easy);
    watchDebugText();
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &CurlSession::acceptedSocket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlSession::closeSocket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(offset_));
}

} // namespace bootferry::curl
