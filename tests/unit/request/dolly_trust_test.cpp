// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dolly_trust.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

TransferRequest requestFor(const char* url) {
    TransferRequest request;
    request.url = Url::parse(url);
    return request;
}

TEST(DollyTrustTest, APasswordAloneIsNoProofOfTheServer) {
    auto byOption = requestFor("dolly://server/");
    byOption.pluginOptions.push_back({.plugin = "dolly", .key = "password", .value = "x"});
    EXPECT_THROW(requireProofOfDollyServer(byOption, {}), Error);
    EXPECT_THROW(requireProofOfDollyServer(requestFor("dolly://:x@server/"), {}), Error);
    EXPECT_THROW(requireProofOfDollyServer(requestFor("dolly://server/"), {{"password", "x"}}), Error);
    EXPECT_THROW(requireProofOfDollyServer(requestFor("dolly://server/"), {{"password.server", "x"}}), Error);
    auto asMirror = requestFor("http://elsewhere/");
    asMirror.mirrors.push_back(Url::parse("dolly://server/"));
    EXPECT_THROW(requireProofOfDollyServer(asMirror, {{"password.server", "x"}}), Error);
}

TEST(DollyTrustTest, AChecksumOrTrustOrNoPasswordPasses) {
    EXPECT_NO_THROW(requireProofOfDollyServer(requestFor("dolly://server/"), {}));
    EXPECT_NO_THROW(requireProofOfDollyServer(requestFor("http://u:x@server/"), {{"password", "x"}}));
    auto checked = requestFor("dolly://:x@server/");
    checked.checksum = "sha256:" + std::string(64, 'a');
    EXPECT_NO_THROW(requireProofOfDollyServer(checked, {}));
    auto trusted = requestFor("dolly://:x@server/");
    trusted.pluginOptions.push_back({.plugin = "dolly", .key = "trust-server", .value = ""});
    EXPECT_NO_THROW(requireProofOfDollyServer(trusted, {}));
}

} // namespace
} // namespace bootferry
