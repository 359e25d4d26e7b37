// SPDX-License-Identifier: LGPL-2.1-or-later
// The options of the curl plugin are curl's own command-line options, by their long names without the dashes.
// One table (option_rows.cpp) says how each is honoured; what is not in it, or what this libcurl was built
// without, is refused by name: an option that is quietly dropped (--pinnedpubkey) would be a hole.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "curl_handles.h"
#include "host.h"

namespace bootferry::curl {

class CurlOptions {
public:
    CurlOptions(CURL* easy, const plugin::Host& host) : easy_(easy), host_(host) {}

    // The table as the ABI wants it, ended by a null key.
    [[nodiscard]] static const bootferry_option* described();

    // Hands the option to libcurl; throws Failure(INVALID) that says what is wrong with it.
    void set(const std::string& key, const std::string& value);

    // After the last option: what may be spoken. A redirect never leads from an
    // encrypted connection to a plain one unless an option said so.
    void finishProtocols(bool encrypted);

    // Forgets what was given for the server of the image and would log in at another one.
    void leaveLoginOut();

    // After that: the cookies, for this host and no other.
    void finishCookies(const std::string& host);

    // True: libcurl is to watch how fast the bytes come, or how long.
    [[nodiscard]] bool needPacing() const { return needPacing_; }

    // True: an option asks for TLS where the scheme does not.
    [[nodiscard]] bool askForFtpTls() const { return useSsl_ != CURLUSESSL_NONE; }

    // A request header of the session's own, beside the user's.
    void addHeader(const std::string& line) { addToList(CURLOPT_HTTPHEADER, line); }

    // What the table's rows do.
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
    static void check(CURLcode code);
    void applyLowestSpeed();
    void setProtocols(const std::string& names);
    void setRedirectProtocols(const std::string& names);

    CURL* easy_;
    plugin::Host host_;
    std::map<CURLoption, StringList> lists_;
    std::map<CURLoption, long> auth_;
    std::string protocols_; // as they were given
    std::string redirectProtocols_;
    std::string cookies_;
    bool cookieFile_ = false;
    std::optional<long> lowestSpeed_;
    std::optional<long> lowestSpeedTime_;
    bool needPacing_ = false;
    long netrc_ = CURL_NETRC_IGNORED;
    bool netrcFile_ = false; // one is named
    long useSsl_ = CURLUSESSL_NONE;
    long lowestTls_ = CURL_SSLVERSION_DEFAULT;
    long highestTls_ = CURL_SSLVERSION_MAX_NONE;
};

} // namespace bootferry::curl
