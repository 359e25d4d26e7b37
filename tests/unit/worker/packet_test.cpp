// SPDX-License-Identifier: LGPL-2.1-or-later
#include "packet.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

TEST(PacketTest, WhatIsWrittenIsRead) {
    PacketWriter writer;
    writer.number(7);
    writer.wide(UINT64_MAX);
    writer.text(std::string_view("a\0b", 3));
    writer.text("");
    PacketReader reader(writer.bytes());
    EXPECT_EQ(reader.number(), 7U);
    EXPECT_EQ(reader.wide(), UINT64_MAX);
    EXPECT_EQ(reader.text(), std::string("a\0b", 3));
    EXPECT_EQ(reader.text(), "");
    EXPECT_NO_THROW(reader.end());
}

TEST(PacketTest, EveryCutIsAnError) {
    PacketWriter writer;
    writer.number(1);
    writer.text("text");
    writer.wide(2);
    for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
        PacketReader reader(writer.bytes().first(size));
        EXPECT_THROW(
            {
                (void)reader.number();
                (void)reader.text();
                (void)reader.wide();
            },
            Error)
            << size;
    }
}

TEST(PacketTest, ALengthBeyondTheEndIsAnError) {
    PacketWriter writer;
    writer.number(UINT32_MAX);
    PacketReader reader(writer.bytes());
    EXPECT_THROW((void)reader.text(), Error);
}

TEST(PacketTest, WhatIsLeftOverIsAnError) {
    PacketWriter writer;
    writer.number(1);
    EXPECT_THROW(PacketReader(writer.bytes()).end(), Error);
}

} // namespace
} // namespace bootferry
