// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libssh2.h>
#include <libssh2_sftp.h>

namespace bootferry::sftp {
namespace {

using ::testing::HasSubstr;

SshEnd endOf(Stage stage, int code) {
    SshEnd end;
    end.stage = stage;
    end.code = code;
    end.greeting = "SSH-2.0-OpenSSH_9.2\r\n";
    end.authority = "files.example:22";
    return end;
}

bootferry_error codeOf(Stage stage, int code, const char* detail = "", bool peerIsGone = false) {
    auto end = endOf(stage, code);
    end.detail = detail;
    end.peerIsGone = peerIsGone;
    return failureOf(end).code();
}

bootferry_error codeOfStatus(unsigned long status) {
    auto end = endOf(Stage::Opening, LIBSSH2_ERROR_SFTP_PROTOCOL);
    end.sftpStatus = status;
    return failureOf(end).code();
}

TEST(SshFailureTest, ABrokenConnectionIsTriedAgain) {
    for (const auto stage : {Stage::Handshake, Stage::Login, Stage::Opening, Stage::Reading}) {
        EXPECT_EQ(codeOf(stage, LIBSSH2_ERROR_SOCKET_RECV), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_EQ(codeOf(stage, LIBSSH2_ERROR_SOCKET_SEND), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_EQ(codeOf(stage, LIBSSH2_ERROR_SOCKET_DISCONNECT), BOOTFERRY_ERROR_UNREACHABLE);
    }
    EXPECT_EQ(codeOf(Stage::Login, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED, "Waiting for USERAUTH response"),
              BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, "", true),
              BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOf(Stage::Opening, LIBSSH2_ERROR_CHANNEL_FAILURE, "Unable to startup channel", true),
              BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOf(Stage::Opening, LIBSSH2_ERROR_CHANNEL_FAILURE, "Unable to request SFTP subsystem"),
              BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, AHandshakeThatFailsOtherwiseIsFinal) {
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEX_FAILURE, "", true), BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE), BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_HOSTKEY_SIGN), BOOTFERRY_ERROR_TLS);
}

TEST(SshFailureTest, WhatTheServerSaysFirstTellsWhetherItSpeaksSsh) {
    auto end = endOf(Stage::Handshake, LIBSSH2_ERROR_SOCKET_DISCONNECT);
    end.greeting = "HTTP/1.1 400 \033[2JBad Request\r\n\r\n";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_STREQ(failureOf(end).what(),
                 "files.example:22 is not an SSH server (it sent 'HTTP/1.1 400 ?[2JBad Request')");
    EXPECT_TRUE(speaksSsh("welcome\r\nSSH-2.0-x"));
    EXPECT_FALSE(speaksSsh("xSSH-2.0-x"));
}

TEST(SshFailureTest, AServerWithoutAPlaceIsBusy) {
    auto end = endOf(Stage::Handshake, LIBSSH2_ERROR_SOCKET_RECV);
    for (const auto* words : {"Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"}) {
        end.greeting = words;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_THAT(failureOf(end).what(), HasSubstr("is busy: it sent '"));
    }
    for (const auto* nothing : {"", "SS"}) {
        end.greeting = nothing;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_THAT(failureOf(end).what(), HasSubstr("MaxStartups"));
    }
}

TEST(SshFailureTest, ALoginThatIsNotRefusedIsOneThatWantsMore) {
    const auto failure = failureOf(endOf(Stage::Login, LIBSSH2_ERROR_PASSWORD_EXPIRED));
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_AUTH);
    EXPECT_THAT(failure.what(), HasSubstr("new password"));
}

TEST(SshFailureTest, TooManyLoginsAreFinalAndToldInTheServersWords) {
    auto end = endOf(Stage::Login, LIBSSH2_ERROR_SOCKET_DISCONNECT);
    end.farewell = "Too many authentication failures";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_AUTH);
    EXPECT_THAT(failureOf(end).what(), HasSubstr(end.farewell));
}

TEST(SshFailureTest, TheServersAnswersToAFile) {
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_NO_SUCH_FILE), BOOTFERRY_ERROR_NOT_FOUND);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_PERMISSION_DENIED), BOOTFERRY_ERROR_AUTH);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_CONNECTION_LOST), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_FAILURE), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_OK), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, ACutIsReportedWithItsPosition) {
    auto end = endOf(Stage::Reading, LIBSSH2_ERROR_SOCKET_RECV);
    end.position = 17;
    end.size = 40;
    EXPECT_STREQ(failureOf(end).what(), "the connection to files.example:22 was cut after 17 of 40 bytes");
}

TEST(SshFailureTest, SftpThatEndsAtOnceIsNotTriedForEver) {
    auto end = endOf(Stage::Opening, LIBSSH2_ERROR_SOCKET_RECV);
    end.channelEnded = true;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.stage = Stage::Reading;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(SshFailureTest, TextBeforeSftpIsNeitherATimeoutNorALackOfMemory) {
    for (const auto code :
         {LIBSSH2_ERROR_ALLOC, LIBSSH2_ERROR_CHANNEL_PACKET_EXCEEDED, LIBSSH2_ERROR_SFTP_PROTOCOL}) {
        auto end = endOf(Stage::Opening, code);
        end.isBeforeSftp = true;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
        EXPECT_NE(std::string(failureOf(end).what()).find(".bashrc"), std::string::npos);
    }
}

TEST(SshFailureTest, Memory) {
    EXPECT_EQ(codeOf(Stage::Reading, LIBSSH2_ERROR_ALLOC), BOOTFERRY_ERROR_IO);
}

} // namespace
} // namespace bootferry::sftp
