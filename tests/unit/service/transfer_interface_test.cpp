// SPDX-License-Identifier: LGPL-2.1-or-later
// PropertiesChanged as the service makes it and its client reads it: the message itself, without a bus in
// between.
#include "transfer_interface.h"

#include <gtest/gtest.h>

#include "../unconnected_bus.h"
#include "property_reader.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

class TransferInterface : public testing::Test {
protected:
    BusMessageHandle changes(const TransferStatus& before, const TransferStatus& now) {
        auto message = propertiesChanged(bus_.get(), transferPath(1), before, now);
        if (message == nullptr || sd_bus_message_seal(message.get(), 1, 0) < 0) {
            return nullptr;
        }
        const char* interface = nullptr;
        EXPECT_GT(sd_bus_message_read(message.get(), "s", &interface), 0);
        EXPECT_STREQ(interface, transferInterface);
        return message;
    }

private:
    UnconnectedBus bus_;
};

TransferStatus everythingKnown() {
    TransferStatus status;
    static_cast<Progress&>(status) = {.state = TransferState::Verifying,
                                      .detail = "detail",
                                      .bytes = 1,
                                      .total = 2,
                                      .written = 3,
                                      .attempt = 4};
    status.id = 5;
    status.url = "url";
    status.target = "target";
    status.checksumRequested = true;
    status.checksum = "checksum";
    status.startedUSec = 6;
    status.finishedUSec = 7;
    status.fraction = 0.5;
    status.rate = 8;
    status.remainingUSec = 9;
    status.sources = {"one", "two"};
    status.plugin = "plugin";
    status.device = "device";
    status.reused = true;
    status.digest = "digest";
    status.signedBy = "0123 Alice";
    status.errorName = "error";
    status.errorMessage = "message";
    return status;
}

TEST_F(TransferInterface, WhatChangedIsReadAsItWas) {
    const auto now = everythingKnown();
    const auto message = changes({}, now);
    ASSERT_TRUE(message);
    TransferStatus read;
    readProperties(read, message.get());
    for (const auto& property : transferProperties) {
        const bool announced = property.changes == Changes::Announced;
        EXPECT_TRUE(differs(property, now, {})) << property.name << " does not change in this test";
        EXPECT_EQ(differs(property, read, now), !announced) << property.name;
        EXPECT_EQ(differs(property, read, {}), announced) << property.name;
    }
}

TEST_F(TransferInterface, WhatDidNotChangeIsNotSent) {
    const auto before = everythingKnown();
    auto now = before;
    now.bytes = 10;
    const auto message = changes(before, now);
    ASSERT_TRUE(message);
    TransferStatus read;
    readProperties(read, message.get());
    for (const auto& property : transferProperties) {
        EXPECT_EQ(differs(property, read, {}), property.name == std::string_view("BytesTransferred"))
            << property.name;
    }
}

TEST(TransferVtable, HasEachPropertyWithItsTypeAndAnnotation) {
    const auto* entry = transferVtable();
    for (const auto& property : transferProperties) {
        ++entry;
        EXPECT_STREQ(entry->x.property.member, property.name);
        EXPECT_STREQ(entry->x.property.signature, signatureOf(property)) << property.name;
        EXPECT_EQ(entry->flags, property.changes == Changes::Never ? SD_BUS_VTABLE_PROPERTY_CONST
                                                                   : SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
            << property.name;
    }
}

} // namespace
} // namespace bootferry
