// SPDX-License-Identifier: LGPL-2.1-or-later
// StartTransfer's arguments, as the client writes them and the service reads them.
#include "transfer_options.h"

#include <gtest/gtest.h>

#include "../unconnected_bus.h"
#include "start_arguments.h"

namespace bootferry {
namespace {

class TransferOptions : public testing::Test {
protected:
    TransferRequest sent(const TransferRequest& request) const {
        auto message = bus_.newMessage();
        appendTransfer(message.get(), request);
        return readTransferRequest(UnconnectedBus::sealed(std::move(message)).get());
    }

    // Why the service refuses these arguments.
    template <typename... Arguments>
    std::string refusal(Arguments... arguments) const {
        try {
            (void)readTransferRequest(bus_.message(arguments...).get());
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Invalid);
            return error.what();
        }
        return {};
    }

private:
    UnconnectedBus bus_;
};

TEST_F(TransferOptions, ARequestArrivesAsItWasSent) {
    using namespace std::chrono_literals;
    TransferRequest request;
    request.url = Url::parse("http://me:se%2Fcret@10.0.0.1/live.iso?a=b");
    request.mirrors = {Url::parse("http://10.0.0.2/live.iso"), Url::parse("ftp://10.0.0.3/live.iso")};
    request.target = "/dev/sda";
    request.checksumUrl = Url::parse("http://10.0.0.1/SHA256SUMS");
    request.signature.emplace().url = Url::parse("http://10.0.0.1/SHA256SUMS.sig");
    request.signedOnly = true;
    request.pluginOptions = {{.plugin = "curl", .key = "user-agent", .value = "boot, \"ferry\""},
                             {.plugin = "curl", .key = "insecure", .value = ""}};
    request.ramdiskSize = 1U << 30U;
    request.stallTimeout = 7s;
    request.timeout = 5min;
    request.connections = 3;
    request.reset = true;
    request.requireLiveImage = false;

    const auto read = sent(request);
    EXPECT_EQ(read.url.redacted(), request.url.redacted());
    ASSERT_TRUE(read.url.userinfo());
    EXPECT_EQ(read.url.userinfo()->user, "me");
    EXPECT_EQ(read.url.userinfo()->password, "se/cret");
    EXPECT_EQ(shownUrls(read), shownUrls(request));
    EXPECT_EQ(read.target, request.target);
    EXPECT_FALSE(read.checksum);
    EXPECT_EQ(read.checksumUrl.value().redacted(), request.checksumUrl->redacted());
    EXPECT_EQ(read.signature.value().url.value().redacted(), request.signature->url->redacted());
    EXPECT_TRUE(read.signedOnly);
    EXPECT_EQ(read.pluginOptions, request.pluginOptions);
    EXPECT_EQ(read.ramdiskSize, request.ramdiskSize);
    EXPECT_EQ(read.stallTimeout, request.stallTimeout);
    EXPECT_EQ(read.timeout, request.timeout);
    EXPECT_EQ(read.connections, request.connections);
    EXPECT_TRUE(read.reset);
    EXPECT_FALSE(read.requireLiveImage);
    EXPECT_TRUE(read.decode) << "bootferryd always decodes";
}

TEST_F(TransferOptions, WhatWasNotRequestedIsNotInvented) {
    TransferRequest request;
    request.url = Url::parse("http://10.0.0.1/live.iso");
    request.target = "/dev/ram0";
    const auto read = sent(request);
    EXPECT_FALSE(read.url.userinfo());
    EXPECT_TRUE(read.mirrors.empty());
    EXPECT_FALSE(read.checksum);
    EXPECT_FALSE(read.checksumUrl);
    EXPECT_FALSE(read.signature);
    EXPECT_FALSE(read.signedOnly);
    EXPECT_TRUE(read.pluginOptions.empty());
    EXPECT_FALSE(read.ramdiskSize);
    EXPECT_FALSE(read.timeout);
    EXPECT_EQ(read.stallTimeout, defaultStallTimeout);
    EXPECT_EQ(read.connections, defaultConnections);
    EXPECT_FALSE(read.reset);
    EXPECT_TRUE(read.requireLiveImage);
}

TEST_F(TransferOptions, AUserWithoutAPasswordStaysOne) {
    TransferRequest request;
    request.url = Url::parse("http://me@10.0.0.1/live.iso");
    request.target = "/dev/ram0";
    request.signature.emplace();
    const auto read = sent(request);
    ASSERT_TRUE(read.url.userinfo());
    EXPECT_EQ(read.url.userinfo()->user, "me");
    EXPECT_FALSE(read.url.userinfo()->password);
    ASSERT_TRUE(read.signature);
    EXPECT_FALSE(read.signature->url) << "the service looks for the signature";
}

TEST_F(TransferOptions, AreRefusedByName) {
    constexpr const char* url = "http://10.0.0.1/live.iso";
    constexpr const char* device = "/dev/ram0";
    EXPECT_EQ(refusal("ssa{sv}", url, device, 1, "checksums", "s", "sha256"),
              "StartTransfer has no option 'checksums'");
    EXPECT_EQ(refusal("ssa{sv}", url, device, 1, "reset", "s", "yes"),
              "StartTransfer's option 'reset' has type 'b', not 's'");
    EXPECT_EQ(refusal("ssa{sv}", url, device, 2, "reset", "b", 1, "reset", "b", 0),
              "StartTransfer's option 'reset' is given twice");
    EXPECT_EQ(refusal("ssa{sv}", url, device, 1, "timeout-usec", "t", std::uint64_t{0}),
              "timeout-usec: a timeout of 0 µs is invalid");
    EXPECT_EQ(refusal("ssa{sv}", url, device, 1, "ramdisk-size", "t", std::uint64_t{0}),
              "ramdisk-size: a size of 0 bytes is invalid");
    EXPECT_NE(refusal("ssa{sv}", url, device, 1, "connections", "u", std::uint32_t{17}).find("connections"),
              std::string::npos);
}

} // namespace
} // namespace bootferry
