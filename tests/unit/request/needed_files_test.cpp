// SPDX-License-Identifier: LGPL-2.1-or-later
#include "needed_files.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

std::optional<std::string> needed(const std::string& url, std::vector<PluginOption> options = {},
                                  const ProxyVariables& proxies = {}) {
    TransferRequest request;
    request.url = Url::parse(url);
    request.pluginOptions = std::move(options);
    return neededFiles(request, proxies);
}

bool needsFor(const std::string& key, const std::string& value) {
    return needed("http://10.0.0.1/i", {{.plugin = "curl", .key = key, .value = value}}).has_value();
}

TEST(NeededFiles, AnAddressNeedsNone) {
    for (const auto* url : {"http://10.0.0.1/i", "http://[fd00::1]:8080/i", "http://[fe80::1%25eth0]/i",
                            "ftp://u@10.0.0.1/i", "sftp://10.0.0.1/i"}) {
        EXPECT_EQ(needed(url), std::nullopt) << url;
    }
}

TEST(NeededFiles, ANameOrCertificatesDo) {
    for (const auto* url : {"http://server/i", "sftp://boot.example/i", "https://10.0.0.1/i",
                            "ftps://10.0.0.1/i", "nfs://10.0.0.1/i", "http://10.0.0/i"}) {
        EXPECT_TRUE(needed(url).has_value()) << url;
    }
    EXPECT_NE(needed("http://server/i").value().find("'server'"), std::string::npos);
    TransferRequest mirrored;
    mirrored.url = Url::parse("http://10.0.0.1/i");
    mirrored.mirrors = {Url::parse("http://10.0.0.2/i"), Url::parse("http://mirror/i")};
    EXPECT_TRUE(neededFiles(mirrored, {}).has_value());
}

TEST(NeededFiles, SoDoProxiesByNameAndEncryption) {
    EXPECT_FALSE(needsFor("proxy", "10.0.0.9:3128"));
    EXPECT_FALSE(needsFor("proxy", "http://10.0.0.9:3128"));
    EXPECT_FALSE(needsFor("proxy-user", "a:b"));
    EXPECT_TRUE(needsFor("proxy", "cache:3128"));
    EXPECT_TRUE(needsFor("proxy", "https://10.0.0.9"));
    EXPECT_TRUE(needsFor("socks5", "cache"));
    EXPECT_TRUE(needsFor("preproxy", "socks5://cache"));
    EXPECT_TRUE(needsFor("ssl-reqd", ""));
    EXPECT_FALSE(needsFor("user-agent", "x"));
    EXPECT_TRUE(needed("http://10.0.0.1/i", {}, {{"http_proxy", "http://cache:3128"}}).has_value());
    EXPECT_FALSE(needed("http://10.0.0.1/i", {}, {{"http_proxy", "http://10.0.0.9:3128"}}).has_value());
    EXPECT_FALSE(needed("http://10.0.0.1/i", {}, {{"no_proxy", "localhost,server"}}).has_value());
}

} // namespace
} // namespace bootferry
