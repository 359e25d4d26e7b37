// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_message.h"

#include <gtest/gtest.h>

#include "host.h"

namespace bootferry::sftp {
namespace {

using namespace std::string_literals;

TEST(SftpMessageTest, ARequestIsALengthATypeANumberAndItsFields) {
    EXPECT_EQ(Request(SSH_FXP_INIT, 3).message(), "\0\0\0\5\1\0\0\0\3"s);
    EXPECT_EQ(Request(SSH_FXP_READ, 7).text("ab").longNumber(0x0102030405060708).number(9).message(),
              "\0\0\0\27\5\0\0\0\7\0\0\0\2ab\1\2\3\4\5\6\7\10\0\0\0\11"s);
}

TEST(SftpMessageTest, FieldsAreReadInTheirOrder) {
    const auto bytes = "\377\0\0\1\0\0\0\0\1\0\0\0\0\0\0\0\2ab"s;
    Fields fields(bytes);
    EXPECT_EQ(fields.byte(), 255U);
    EXPECT_EQ(fields.number(), 256U);
    EXPECT_EQ(fields.longNumber(), std::uint64_t{1} << 32U);
    EXPECT_EQ(fields.text(), "ab");
    EXPECT_THROW((void)fields.byte(), plugin::Failure);
}

TEST(SftpMessageTest, ATextThatIsLongerThanTheMessageIsRefused) {
    Fields fields("\377\377\377\377ab");
    EXPECT_THROW((void)fields.text(), plugin::Failure);
}

TEST(SftpMessageTest, AServerReportsOnlySomeAttributes) {
    const auto all = "\0\0\0\17"
                     "\0\0\0\0\0\0\0\12"
                     "\0\0\0\1\0\0\0\2"
                     "\0\0\100\0"
                     "\0\0\0\3\0\0\0\4"s;
    Fields fields(all);
    const auto told = Attributes::parse(fields);
    EXPECT_EQ(told.size, 10U);
    EXPECT_EQ(told.permissions, 040000U);
    EXPECT_EQ(told.modified, 4U);

    const auto nothing = "\0\0\0\0"s;
    Fields empty(nothing);
    EXPECT_FALSE(Attributes::parse(empty).size);
}

} // namespace
} // namespace bootferry::sftp
