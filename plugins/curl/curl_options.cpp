// SPDX-License-Identifier: LGPL-2.1-or-later
// Sets options on the easy handle: logic that several options share, and messages for libcurl's refusals.
#include "curl_options.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "descriptor.h"
#include "option_rows.h"
#include "option_values.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

int sslRank(long level) {
    switch (level) {
    case CURLUSESSL_ALL:
        return 3;
    case CURLUSESSL_TRY:
        return 2;
    case CURLUSESSL_CONTROL:
        return 1;
    default:
        return 0;
    }
}

constexpr std::array<std::string_view, 4> pacingOptions{"limit-rate", "max-time", "speed-limit",
                                                        "speed-time"};

constexpr const char* encryptedRedirects = "https";
constexpr const char* plainRedirects = "http,https";

// A libcurl may be built without tftp, and refuses a list that contains a protocol that it does not have.
std::string servedProtocols() {
    std::string served = "ftp,http,https";
    const auto* const* names = curl_version_info(CURLVERSION_NOW)->protocols;
    for (; *names != nullptr; ++names) {
        served += *names == std::string_view("tftp") ? ",tftp" : "";
    }
    return served;
}

} // namespace

const bootferry_option* CurlOptions::described() {
    static const auto options = [] {
        std::vector<bootferry_option> described;
        for (const auto& row : optionRows()) {
            described.push_back({row.key, row.help});
        }
        described.push_back({nullptr, nullptr});
        return described;
    }();
    return options.data();
}

void CurlOptions::set(const std::string& key, const std::string& value) {
    for (const auto& row : optionRows()) {
        if (key == row.key) {
            key_ = key;
            engineKeys_ = engineKeys_ || (key.ends_with("key-type") && value == "ENG");
            row.apply(*this, value);
            given_.insert(key);
            needPacing_ = needPacing_ ||
                          std::find(pacingOptions.begin(), pacingOptions.end(), key) != pacingOptions.end();
            return;
        }
    }
    refuse("curl's option --" + key + " is unknown or not supported here");
}

void CurlOptions::check(CURLcode code) {
    if (code == CURLE_OUT_OF_MEMORY) {
        throw std::bad_alloc();
    }
    if (code == CURLE_UNKNOWN_OPTION || code == CURLE_NOT_BUILT_IN || code == CURLE_UNSUPPORTED_PROTOCOL) {
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
    if (option == CURLOPT_MAX_RECV_SPEED_LARGE) {
        rate_ = static_cast<std::uint64_t>(value);
    }
    if (option == CURLOPT_MAXFILESIZE_LARGE) {
        largestFile_ = static_cast<std::uint64_t>(value);
    }
}

void CurlOptions::setText(CURLoption option, const std::string& value) {
    check(curl_easy_setopt(easy_, option, value.c_str()));
}

void CurlOptions::setFile(CURLoption option, const std::string& path) {
    const auto name = host_.optionFile(path);
    files_.push_back({.option = key_, .path = path, .name = name});
    setText(option, name);
}

void CurlOptions::nameProxy(const std::string& url, bool isSocks) {
    proxy_ = {.namedBy = "curl's option " + key_, .isSocks = isSocksUrl(url, isSocks)};
}

void CurlOptions::requireFiles() const {
    for (const auto& file : files_) {
        const bool isUri = file.path.starts_with("pkcs11:");
        if (!isUri && !(engineKeys_ && file.option.ends_with("key"))) {
            requireFile(file);
        }
    }
    if (homeNetrc_ && !netrcFile_ && netrc_ == CURL_NETRC_REQUIRED) {
        requireFile(*homeNetrc_);
    }
}

// O_NONBLOCK: a FIFO is not waited for. The words name the path, from which the host knows the reason.
void CurlOptions::requireFile(const NamedFile& file) {
    const auto what = "curl's option " + file.option + ": '" + file.path + "' ";
    const plugin::Descriptor descriptor(
        ::open(file.name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (!descriptor || ::fstat(descriptor.get(), &status) < 0) {
        const int error = errno;
        throw Failure(BOOTFERRY_ERROR_IO, what + "cannot be read", error);
    }
    const bool isFolder = file.option.ends_with("capath");
    if (isFolder ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)) {
        throw Failure(BOOTFERRY_ERROR_IO, what + (isFolder ? "is not a folder" : "is not a regular file"));
    }
}

void CurlOptions::useNetrcFile(const std::string& path) {
    netrcFile_ = true;
    setFile(CURLOPT_NETRC_FILE, path);
}

// libcurl would search the home folder of the worker's own user.
void CurlOptions::useHomeNetrc() {
    const std::string path = "~/.netrc";
    const auto file = host_.optionFile(path);
    homeNetrc_ = {.option = key_, .path = path, .name = file};
    if (!netrcFile_ && file != path) {
        setText(CURLOPT_NETRC_FILE, file);
    }
}

void CurlOptions::addToList(CURLoption option, const std::string& line) {
    auto& list = lists_[option];
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    (void)list.release(); // the longer list includes it
    list.reset(longer);
    check(curl_easy_setopt(easy_, option, longer));
}

void CurlOptions::addAuth(CURLoption option, long methods) {
    auto& all = auth_[option];
    all |= methods;
    setLong(option, all);
}

long CurlOptions::authMethods(CURLoption option) const {
    const auto found = auth_.find(option);
    return found != auth_.end() ? found->second : 0;
}

void CurlOptions::setLowestTls(long version) {
    lowestTls_ = version;
    setLong(CURLOPT_SSLVERSION, lowestTls_ | highestTls_);
}

void CurlOptions::setHighestTls(long version) {
    highestTls_ = version;
    setLong(CURLOPT_SSLVERSION, lowestTls_ | highestTls_);
}

void CurlOptions::unset(CURLoption option) {
    check(curl_easy_setopt(easy_, option, nullptr));
}

void CurlOptions::addCookies(const std::string& cookies) {
    cookies_ += (cookies_.empty() ? "" : "; ") + cookies;
}

void CurlOptions::useCookieFile(const std::string& path) {
    cookieFile_ = true;
    setFile(CURLOPT_COOKIEFILE, path);
}

// CURLOPT_COOKIE would send the cookies to every redirect's target; libcurl sends a Cookie header only to the
// same origin. But such a header replaces the cookies of a file, so with a file they become cookies of this
// host instead.
void CurlOptions::finishCookies(const std::string& host) {
    if (cookies_.empty()) {
        return;
    }
    if (!cookieFile_) {
        addHeader("Cookie: " + cookies_);
        return;
    }
    std::string_view left = cookies_;
    while (!left.empty()) {
        auto cookie = left.substr(0, left.find(';'));
        left.remove_prefix(std::min(cookie.size() + 1, left.size()));
        cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
        const auto equals = std::min(cookie.find('='), cookie.size());
        // The format of a cookie file: host, include subdomains, path, https only, expiry, name, value
        setText(CURLOPT_COOKIELIST, host + "\tFALSE\t/\tFALSE\t0\t" + std::string(cookie.substr(0, equals)) +
                                        "\t" +
                                        std::string(cookie.substr(std::min(equals + 1, cookie.size()))));
    }
}

// As in curl(1), "optional" wins over the others in any order.
void CurlOptions::useNetrc(long use) {
    if (netrc_ != CURL_NETRC_OPTIONAL) {
        netrc_ = use;
    }
    setLong(CURLOPT_NETRC, netrc_);
}

// Likewise "required" wins over the others, and "if the server supports it" over "for the login only".
void CurlOptions::useSsl(long level) {
    if (sslRank(level) > sslRank(useSsl_)) {
        useSsl_ = level;
    }
    setLong(CURLOPT_USE_SSL, useSsl_);
}

// One of the two options implies a default for the other.
void CurlOptions::setLowestSpeed(long bytesPerSecond) {
    lowestSpeed_ = bytesPerSecond;
    applyLowestSpeed();
}

void CurlOptions::setLowestSpeedTime(long seconds) {
    lowestSpeedTime_ = seconds;
    applyLowestSpeed();
}

void CurlOptions::applyLowestSpeed() {
    constexpr long defaultSeconds = 30;
    setLong(CURLOPT_LOW_SPEED_LIMIT, lowestSpeed_.value_or(1));
    setLong(CURLOPT_LOW_SPEED_TIME, lowestSpeedTime_.value_or(defaultSeconds));
}

void CurlOptions::chooseProtocols(const std::string& choice) {
    if (parseProtocols(choice, servedProtocols()).empty()) {
        refuse("it leaves no protocol that bootferry has: http, https, ftp, tftp");
    }
    protocols_ = choice;
}

// The defaults depend on the URL, which is not known yet; here the value is only checked.
void CurlOptions::chooseRedirectProtocols(const std::string& choice) {
    (void)parseProtocols(choice, plainRedirects);
    redirectProtocols_ = choice;
}

// libcurl does the same for a redirect to another host. Any header may be a token. A netrc file stays, since
// it names the hosts of its logins.
void CurlOptions::leaveLoginOut() {
    for (const auto option : {CURLOPT_USERPWD, CURLOPT_XOAUTH2_BEARER, CURLOPT_AWS_SIGV4, CURLOPT_COOKIEFILE,
                              CURLOPT_TLSAUTH_USERNAME, CURLOPT_TLSAUTH_PASSWORD, CURLOPT_FTP_ACCOUNT,
                              CURLOPT_FTP_ALTERNATIVE_TO_USER, CURLOPT_HTTPHEADER, CURLOPT_REFERER}) {
        const auto result = curl_easy_setopt(easy_, option, nullptr);
        if (result != CURLE_UNKNOWN_OPTION && result != CURLE_NOT_BUILT_IN) { // these cannot have been set
            check(result);
        }
    }
    lists_.erase(CURLOPT_HTTPHEADER);
    cookies_.clear();
    cookieFile_ = false;
}

void CurlOptions::finishProtocols(bool encrypted) {
    setProtocols(protocols_.empty() ? servedProtocols() : parseProtocols(protocols_, servedProtocols()));
    const std::string allowed = encrypted ? encryptedRedirects : plainRedirects;
    // Answers are read as those of http: to what else may be named, no redirect is followed.
    const auto redirects =
        redirectProtocols_.empty() ? allowed : parseProtocols(redirectProtocols_ + ",-ftp,-tftp", allowed);
    if (redirects.empty()) {
        setLong(CURLOPT_FOLLOWLOCATION, 0);
    } else {
        setRedirectProtocols(redirects);
    }
}

// libcurl 7.85, the oldest supported version, accepts names.
void CurlOptions::setProtocols(const std::string& names) {
    setText(CURLOPT_PROTOCOLS_STR, names);
}

void CurlOptions::setRedirectProtocols(const std::string& names) {
    setText(CURLOPT_REDIR_PROTOCOLS_STR, names);
}

} // namespace bootferry::curl
