// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unused_options.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> unusedOf(const TransferRequest& request) {
    // The plugins of this build.
    return describeUnusedOptions(std::getenv("BOOTFERRY_PLUGIN_DIR"),
                                 request); // NOLINT(concurrency-mt-unsafe)
}

TransferRequest requestOf(const std::string& url, std::vector<PluginOption> options) {
    TransferRequest request;
    request.url = Url::parse(url);
    request.pluginOptions = std::move(options);
    return request;
}

TEST(UnusedOptions, AreThoseOfAPluginThatServesNoUrl) {
    EXPECT_THAT(
        unusedOf(requestOf("http://h/a", {{"curl", "proxy", "x"}, {"example", "delay", "1"}})),
        ElementsAre("the option example:delay has no effect: no URL here is for the plugin 'example'; "
                    "http URLs are for 'curl'"));
}

TEST(UnusedOptions, AreUsedByAnyUrlOfTheRequest) {
    auto request = requestOf("http://h/a", {{"example", "delay", "1"}});
    request.mirrors.push_back(Url::parse("example://h/a"));
    EXPECT_THAT(unusedOf(request), IsEmpty());
    request.mirrors.clear();
    request.checksumUrl = Url::parse("example://h/SHA256SUMS");
    EXPECT_THAT(unusedOf(request), IsEmpty());
    request.checksumUrl.reset();
    request.signature = ListSignature{.url = Url::parse("example://h/SHA256SUMS.asc"), .text = {}};
    EXPECT_THAT(unusedOf(request), IsEmpty());
}

TEST(UnusedOptions, LeaveOutWhatTheWorkerRefuses) {
    EXPECT_THAT(unusedOf(requestOf("http://h/a", {{"nosuch", "a", ""}, {"../modules/example", "a", ""}})),
                IsEmpty());
    EXPECT_THAT(unusedOf(requestOf("nosuch://h/a", {{"curl", "proxy", "x"}})), IsEmpty());
}

} // namespace
} // namespace bootferry
