// SPDX-License-Identifier: LGPL-2.1-or-later
// What a client makes of a service that is newer, or wrong. tests/unit/service/transfer_interface_test.cpp
// reads every property of the service of this version.
#include "property_reader.h"

#include <gtest/gtest.h>

#include "../unconnected_bus.h"

namespace bootferry {
namespace {

class PropertyReader : public testing::Test {
protected:
    template <typename... Arguments>
    void read(Arguments... arguments) {
        readProperties(status, bus_.message(arguments...).get());
    }

    TransferStatus status;

private:
    UnconnectedBus bus_;
};

TEST_F(PropertyReader, SkipsThePropertiesOfANewerService) {
    read("a{sv}", 3, "Weather", "a(sd)", 1, "sunny", 21.5, "Rate", "t", std::uint64_t{7}, "Mood", "s",
         "calm");
    EXPECT_EQ(status.rate, 7U);
}

TEST_F(PropertyReader, KeepsTheStateThatItHasIfTheNewOneIsUnknown) {
    status.state = TransferState::Transferring;
    read("a{sv}", 2, "State", "s", "meditating", "BytesTransferred", "t", std::uint64_t{9});
    EXPECT_EQ(status.state, TransferState::Transferring);
    EXPECT_EQ(status.bytes, 9U);
}

TEST_F(PropertyReader, ReplacesAList) {
    status.sources = {"http://old/"};
    read("a{sv}", 1, "Sources", "as", 2, "http://one/", "http://two/");
    EXPECT_EQ(status.sources, (std::vector<std::string>{"http://one/", "http://two/"}));
    read("a{sv}", 1, "Sources", "as", 0);
    EXPECT_TRUE(status.sources.empty());
}

TEST_F(PropertyReader, ThrowsForAPropertyOfAnotherTypeAndKeepsWhatItHasRead) {
    try {
        read("a{sv}", 3, "BytesTransferred", "t", std::uint64_t{3}, "Rate", "s", "fast", "BytesWritten", "t",
             std::uint64_t{5});
        FAIL() << "a rate that is a text was accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Io);
        EXPECT_NE(std::string(error.what()).find("reading the properties of a transfer"), std::string::npos);
    }
    EXPECT_EQ(status.bytes, 3U);
    EXPECT_EQ(status.rate, 0U);
    EXPECT_EQ(status.written, 0U);
}

TEST_F(PropertyReader, ThrowsForAMessageWithoutProperties) {
    EXPECT_THROW(read("s", "Rate"), Error);
    EXPECT_THROW(read("as", 1, "Rate"), Error);
}

} // namespace
} // namespace bootferry
