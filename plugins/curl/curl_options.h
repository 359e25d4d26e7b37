// SPDX-License-Identifier: LGPL-2.1-or-later
// The options of the curl plugin are curl's own command-line options, by their long names without the dashes.
// One table (option_rows.cpp) maps each to libcurl. An option that is not in it, or that this libcurl lacks,
// is refused by name: silently ignoring one (--pinnedpubkey) would be a security hole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "curl_handles.h"
#include "host.h"
#include "proxy_url.h"

namespace bootferry::curl {

class CurlOptions {
public:
    CurlOptions(CURL* easy, const plugin::Host& host) : easy_(easy), host_(host) {}

    // The table in the ABI's form, terminated by a null key.
    [[nodiscard]] static const bootferry_option* described();

    // Sets the option in libcurl. Throws Failure(INVALID) with the reason.
    void set(const std::string& key, const std::string& value);

    // Call after the last option: sets the allowed protocols. A redirect from an
    // encrypted connection to a plain one is followed only if an option allows it.
    void finishProtocols(bool encrypted);

    // Removes the image server's credentials, for a request to another server.
    void leaveLoginOut();

    // Call after that: sets the cookies, for this host only.
    void finishCookies(const std::string& host);

    // True: libcurl must enforce a limit on the rate or the time.
    [[nodiscard]] bool needPacing() const { return needPacing_; }
    // Of limit-rate, in bytes a second; 0: none.
    [[nodiscard]] std::uint64_t rate() const { return rate_; }
    // Of max-filesize, in bytes; 0: no limit. libcurl compares it with the announced length only.
    [[nodiscard]] std::uint64_t largestFile() const { return largestFile_; }

    // True: this option was set.
    [[nodiscard]] bool has(const std::string& key) const { return given_.contains(key); }

    // Throws Failure(IO) if one of the files and folders that options name cannot be read: libcurl opens some
    // of them late, and goes on without others.
    void requireFiles() const;

    // True: an option names a proxy, which comes before those of the environment.
    [[nodiscard]] bool nameProxy() const { return proxy_.has_value(); }
    [[nodiscard]] const std::optional<ProxyInUse>& proxy() const { return proxy_; }

    // The methods (CURLAUTH_*) that options chose for CURLOPT_HTTPAUTH or CURLOPT_PROXYAUTH; 0: libcurl's
    // default.
    [[nodiscard]] long authMethods(CURLoption option) const;

    // True: connections go to another place than the URL's.
    [[nodiscard]] bool connectElsewhere() const { return lists_.contains(CURLOPT_CONNECT_TO); }

    // True: an option says which redirects are followed.
    [[nodiscard]] bool chooseRedirects() const { return !redirectProtocols_.empty(); }

    // True: an option requests TLS although the scheme does not.
    [[nodiscard]] bool askForFtpTls() const { return useSsl_ != CURLUSESSL_NONE; }

    // True: also for the data, unless the server has none.
    [[nodiscard]] bool askForTlsData() const {
        return useSsl_ == CURLUSESSL_TRY || useSsl_ == CURLUSESSL_ALL;
    }

    // Adds a request header of the session to the user's.
    void addHeader(const std::string& line) { addToList(CURLOPT_HTTPHEADER, line); }

    // For the table's rows.
    void setLong(CURLoption option, long value);
    void setLarge(CURLoption option, curl_off_t value);
    void setText(CURLoption option, const std::string& value);
    void setFile(CURLoption option, const std::string& path);
    void addToList(CURLoption option, const std::string& line);
    void addAuth(CURLoption option, long methods);
    void unset(CURLoption option);
    void addCookies(const std::string& cookies);
    void useCookieFile(const std::string& path);
    void useNetrc(long use);
    void useSsl(long level);
    void nameProxy(const std::string& url, bool isSocks);
    void setLowestSpeed(long bytesPerSecond);
    void setLowestSpeedTime(long seconds);
    void chooseProtocols(const std::string& choice);
    void chooseRedirectProtocols(const std::string& choice);
    void setLowestTls(long version);
    void setHighestTls(long version);
    void useNetrcFile(const std::string& path);
    void useHomeNetrc();
    void remark(const std::string& text) const { host_.log(BOOTFERRY_LOG_INFO, text); }

private:
    struct NamedFile {
        std::string option;
        std::string path; // as given
        std::string name; // the host's
    };

    static void check(CURLcode code);
    static void requireFile(const NamedFile& file);
    void applyLowestSpeed();
    void setProtocols(const std::string& names);
    void setRedirectProtocols(const std::string& names);

    CURL* easy_;
    plugin::Host host_;
    std::set<std::string> given_;
    std::string key_; // the key of the option that is being set
    std::vector<NamedFile> files_;
    std::optional<NamedFile> homeNetrc_;
    bool engineKeys_ = false; // keys are names that an engine knows
    std::map<CURLoption, StringList> lists_;
    std::map<CURLoption, long> auth_;
    std::string protocols_; // as given
    std::string redirectProtocols_;
    std::optional<ProxyInUse> proxy_;
    std::string cookies_;
    bool cookieFile_ = false;
    std::optional<long> lowestSpeed_;
    std::optional<long> lowestSpeedTime_;
    bool needPacing_ = false;
    std::uint64_t rate_ = 0;
    std::uint64_t largestFile_ = 0;
    long netrc_ = CURL_NETRC_IGNORED;
    bool netrcFile_ = false; // an option names one
    long useSsl_ = CURLUSESSL_NONE;
    long lowestTls_ = CURL_SSLVERSION_DEFAULT;
    long highestTls_ = CURL_SSLVERSION_MAX_NONE;
};

} // namespace bootferry::curl
