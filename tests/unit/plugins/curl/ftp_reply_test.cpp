// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ftp_reply.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(FtpReplyTest, ASizeThatNoFileHasIsSeen) {
    for (const auto* reply :
         {"213 9223372036854775808", "213 18446744073709551616", "213 size 99999999999999999999",
          "213 18446744073709551621\r", "150 Opening data connection (18446744073709551621 bytes)",
          "125 Data connection open (99999999999999999999 bytes)."}) {
        EXPECT_TRUE(hasImpossibleSize(reply, true)) << reply;
    }
}

std::string textOf(std::initializer_list<const char*> lines) {
    FtpReply reply;
    for (const auto* line : lines) {
        reply.addLine(line);
    }
    return reply.text();
}

TEST(FtpReplyTest, ARefusalIsFoundInWhatAConnectionBrought) {
    EXPECT_EQ(refusalIn("426 Failure writing network stream.\r\n"), "426 Failure writing network stream.");
    EXPECT_EQ(refusalIn("451-Error\r\n reading\r\n451 the disk\r\n221 Bye"), "451 Error reading the disk");
    EXPECT_EQ(refusalIn("550"), "550");
    for (const auto* none :
         {"", "226 done\r\n", "150 soon\r\n", "\x17\x03\x03 426 no\r\n", "\n426 no", "999 what\r\n"}) {
        EXPECT_EQ(refusalIn(none), "") << none;
    }
}

TEST(FtpReplyTest, WordsOfAllLinesAreKept) {
    EXPECT_EQ(textOf({}), "");
    EXPECT_EQ(textOf({"550 Failed to open file.\r\n"}), "550 Failed to open file.");
    EXPECT_EQ(textOf({"530-There are too many users.\r\n", "530 Access denied.\r\n"}),
              "530 There are too many users. Access denied.");
    EXPECT_EQ(textOf({"530-One\n", " two\n", "220 three\n", "530-four\n", "530\n"}),
              "530 One two 220 three four");
    EXPECT_EQ(textOf({"230-Welcome", "230 In", "421 Goodbye"}), "421 Goodbye");
    EXPECT_EQ(textOf({"", "53", "no code", "530"}), "530");
    EXPECT_EQ(textOf({"no code"}), "no code");
    FtpReply endless;
    for (int i = 0; i < 10000; ++i) {
        endless.addLine("530-" + std::string(1000, 'x'));
    }
    EXPECT_LT(endless.text().size(), 1000U);
}

// The words of ProFTPD, wu-ftpd, FileZilla and Serv-U.
TEST(FtpReplyTest, ABusyServerIsNoWrongPassword) {
    for (const auto* reply :
         {"530 Sorry, the maximum number of allowed clients (10) are already connected.",
          "530 Sorry, the maximum number of clients (1) for this user already connected.",
          "530 Sorry, the maximum number of connections (2) from your host are already connected.",
          "530 Sorry, the maximum number of users from your host (2) are already connected.",
          "530 User anonymous access denied: there are too many users.",
          "500 Too many connections, please try again later", "500 Sorry, server busy",
          "550 Max connections per user reached"}) {
        EXPECT_TRUE(saysTooManyClients(reply)) << reply;
    }
    for (const auto* reply :
         {"", "530 Login incorrect.", "530 Please login with USER and PASS.",
          "530 Too many failed login attempts.", "530 This FTP server is anonymous only.",
          "530 Sorry, no ANONYMOUS access allowed.",
          "530 Maximum login attempts (3) exceeded, connection closed", "550 Failed to open file."}) {
        EXPECT_FALSE(saysTooManyClients(reply)) << reply;
    }
}

TEST(FtpReplyTest, ASizeIsDigits) {
    for (const auto* reply : {"213", "213 ", "213 20240101000000.123", "213-5", "213 -5", "213 +5", "213 abc",
                              "213 5 bytes", "213 img: 5", "213 1e6", "213 1.5", "213 9223372036854775808"}) {
        EXPECT_TRUE(hasImpossibleSize(reply, true)) << reply;
    }
}

TEST(FtpReplyTest, ASizeIsAnAnswerToSize) {
    for (const auto* reply : {"213.95.27.1 is your address", "213 welcome", "213-5"}) {
        EXPECT_FALSE(hasImpossibleSize(reply, false)) << reply;
    }
    EXPECT_TRUE(hasImpossibleSize("150 opening (99999999999999999999 bytes)", false));
}

TEST(FtpReplyTest, AFileInUseIsToldByWords) {
    for (const auto* reply :
         {"550 The process cannot access the file because it is being used by another process. ",
          "550 Requested action not taken; file busy", "550 image.iso: File is locked"}) {
        EXPECT_TRUE(saysFileIsInUse(reply)) << reply;
    }
    for (const auto* reply :
         {"", "550 Failed to open file.", "550 Permission denied.", "550 /unlocked.img: No such file",
          "550 /in use/image: not a plain file", "550 No plain user", "550 access blocked",
          "550 file busy.img: No such file or directory", "550 file is locked: access denied"}) {
        EXPECT_FALSE(saysFileIsInUse(reply)) << reply;
    }
}

TEST(FtpReplyTest, OneReplySaysThatTheFileIsComplete) {
    for (const auto* reply : {"226 Transfer complete.", "226-Done\r\n226 bye", "250 ok"}) {
        EXPECT_TRUE(saysComplete(reply)) << reply;
    }
    for (const auto* reply : {"", "150 226", "426 Connection closed", "451 Read error"}) {
        EXPECT_FALSE(saysComplete(reply)) << reply;
    }
}

TEST(FtpReplyTest, OtherNumbersAreNoSizes) {
    for (const auto* reply :
         {"", "213 0", "213 9223372036854775807", "213 00000000000000000000000000007", "213 20240101000000",
          "150 99999999999999999999.iso (12 bytes)", "150 99999999999999999999",
          "226 99999999999999999999 bytes", "230 99999999999999999999"}) {
        EXPECT_FALSE(hasImpossibleSize(reply, true)) << reply;
    }
}

} // namespace
} // namespace bootferry::curl
