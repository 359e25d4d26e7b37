// SPDX-License-Identifier: LGPL-2.1-or-later
// Texts that D-Bus cannot carry: the message says which one, and shows no secret.
// tests/unit/service/transfer_options_test.cpp reads the arguments as the service does.
#include "start_arguments.h"

#include <gtest/gtest.h>

#include "../unconnected_bus.h"

namespace bootferry {
namespace {

class StartArguments : public testing::Test {
protected:
    StartArguments() {
        request.url = Url::parse("http://10.0.0.1/live.iso");
        request.target = "/dev/ram0";
        request.pluginOptions = {{.plugin = "curl", .key = "user-agent", .value = "b\xc3\xb6t"}};
    }

    // Why the request cannot be sent; empty if it can.
    std::string refusal() const {
        try {
            appendTransfer(bus_.newMessage().get(), request);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Invalid);
            return error.what();
        }
        return {};
    }

    TransferRequest request;

private:
    UnconnectedBus bus_;
};

TEST_F(StartArguments, AreAcceptedInUtf8) {
    EXPECT_EQ(refusal(), "");
}

TEST_F(StartArguments, NameATargetThatIsNotUtf8) {
    request.target = "/dev/disk/by-label/caf\xe9";
    EXPECT_EQ(refusal(), "the target's name is not UTF-8, which D-Bus cannot carry");
}

TEST_F(StartArguments, NameAnOptionThatIsNotUtf8) {
    request.pluginOptions = {{.plugin = "curl", .key = "us\xe9r", .value = "me"}};
    EXPECT_EQ(refusal(), "an option is not UTF-8, which D-Bus cannot carry");
}

TEST_F(StartArguments, DoNotShowASecretThatIsNotUtf8) {
    request.pluginOptions = {{.plugin = "curl",
                              .key = "proxy-user",
                              .value = "me:s\xe9"
                                       "cret"}};
    EXPECT_EQ(refusal(), "the value of an option is not UTF-8, which D-Bus cannot carry");
    request.pluginOptions.clear();
    request.url.setUserinfo({.user = "me",
                             .password = "s\xe9"
                                         "cret"});
    EXPECT_EQ(refusal(), "the password is not UTF-8, which D-Bus cannot carry");
    request.url.setUserinfo({.user = "m\xe9", .password = {}});
    EXPECT_EQ(refusal(), "the user name is not UTF-8, which D-Bus cannot carry");
}

} // namespace
} // namespace bootferry
