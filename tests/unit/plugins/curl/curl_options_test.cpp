// SPDX-License-Identifier: LGPL-2.1-or-later
#include "curl_options.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "option_values.h"

namespace bootferry::curl {
namespace {

class CurlOptionsTest : public ::testing::Test {
protected:
    CurlOptionsTest() {
        table_.struct_size = sizeof table_;
        table_.log = [](void*, int, const char*) {};
    }

    std::string refusal(const std::string& key, const std::string& value = "") {
        try {
            options_.set(key, value);
            return "accepted";
        } catch (const plugin::Failure& failure) {
            EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_INVALID);
            return failure.what();
        }
    }

    bootferry_host table_{};
    EasyHandle easy_{curl_easy_init()};
    CurlOptions options_{easy_.get(), plugin::Host(&table_)};
};

TEST_F(CurlOptionsTest, HonoursWhatItDescribes) {
    for (const auto& [key, value] :
         std::initializer_list<std::pair<std::string, std::string>>{{"connect-timeout", "2.5"},
                                                                    {"insecure", ""},
                                                                    {"limit-rate", "10M"},
                                                                    {"header", "X-Host: a"},
                                                                    {"header", "X-Rack: b"},
                                                                    {"tlsv1.2", ""},
                                                                    {"tls-max", "1.3"},
                                                                    {"local-port", "4000-4010"},
                                                                    {"cert", "/a\\:b.pem:secret"},
                                                                    {"proto", "=https"},
                                                                    {"pinnedpubkey", "sha256//AAAA"},
                                                                    {"resolve", "a:80:127.0.0.1"},
                                                                    {"ftp-method", "nocwd"},
                                                                    {"max-filesize", "5000000000"},
                                                                    {"max-redirs", "-1"},
                                                                    {"proxy-cert", "/a.pem:secret"},
                                                                    {"proto-redir", "+http,-ftp"},
                                                                    {"proto-redir", "-all"},
                                                                    {"delegation", "policy"},
                                                                    {"retry", "5"}}) {
        EXPECT_EQ(refusal(key, value), "accepted") << key;
    }
}

TEST_F(CurlOptionsTest, RefusesByNameWhatItCannotHonour) {
    EXPECT_NE(refusal("remote-time").find("--remote-time"), std::string::npos);
    EXPECT_NE(refusal("compressed").find("--compressed"), std::string::npos);
}

TEST_F(CurlOptionsTest, RefusesValuesThatDoNotParse) {
    for (const auto& [key, value] :
         std::initializer_list<std::pair<std::string, std::string>>{{"connect-timeout", "soon"},
                                                                    {"connect-timeout", ""},
                                                                    {"connect-timeout", "-1"},
                                                                    {"insecure", "yes"},
                                                                    {"limit-rate", "fast"},
                                                                    {"limit-rate", ""},
                                                                    {"local-port", "9-3"},
                                                                    {"local-port", "70000"},
                                                                    {"tls-max", "2.0"},
                                                                    {"header", "range: bytes=0-1"},
                                                                    {"header", "@file"},
                                                                    {"header", "a: b\r\nc: d"},
                                                                    {"ftp-method", "best"},
                                                                    {"proto", "-all"},
                                                                    {"proto", "=htps"},
                                                                    {"proto", "=sftp"},
                                                                    {"max-redirs", "-2"},
                                                                    {"delegation", "some"},
                                                                    {"ftp-ssl-ccc-mode", "on"},
                                                                    {"proxy-header", "@file"},
                                                                    {"cacert", ""},
                                                                    {"speed-time", "1.5"}}) {
        EXPECT_NE(refusal(key, value), "accepted") << key << " " << value;
    }
}

// libcurl would go past the proxy.
TEST_F(CurlOptionsTest, RefusesAProxyWithAControlCharacter) {
    for (const char* key :
         {"proxy", "proxy1.0", "preproxy", "socks4", "socks4a", "socks5", "socks5-hostname"}) {
        for (const char* value : {"http://us%0aer@h:1", "u:%00@h", "u:\x01@h", "u%7F@h", "h\n"}) {
            EXPECT_NE(refusal(key, value).find("control character"), std::string::npos) << key << value;
        }
        EXPECT_EQ(refusal(key, "http://us%20er:%C3%BC%@h:1"), "accepted") << key;
    }
}

TEST(ProtocolList, IsReadAsCurlReadsIt) {
    const struct {
        const char* text;
        const char* defaults;
        const char* wanted;
    } table[] = {
        {"=https", "ftp,http,https", "https"},
        {"=http,https", "ftp", "http,https"},
        {"https", "http", "http,https"},
        {"+https", "http", "http,https"},
        {"-ftp", "ftp,http,https", "http,https"},
        {"-all,https", "ftp,http", "https"},
        {"=all,-ftp", "http", "http,https,tftp"},
        {"=HTTPS", "http", "https"},
        {"=https,ftps,+sftp,-imap", "http", "https"}, // known to curl, of no use here
    };
    for (const auto& [text, defaults, wanted] : table) {
        EXPECT_EQ(parseProtocols(text, defaults), wanted) << text;
    }
}

TEST_F(CurlOptionsTest, DescribesEachOnceAndWell) {
    std::set<std::string> keys;
    for (const auto* option = CurlOptions::described(); option->key != nullptr; ++option) {
        EXPECT_TRUE(keys.insert(option->key).second) << option->key;
        EXPECT_EQ(std::string(option->key).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."),
                  std::string::npos);
        EXPECT_STRNE(option->help, "");
    }
    EXPECT_GT(keys.size(), 50U);
}

} // namespace
} // namespace bootferry::curl
