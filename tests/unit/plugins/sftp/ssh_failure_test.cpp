// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libssh2.h>
#include <libssh2_sftp.h>

namespace bootferry::sftp {
namespace {

bootferry_error codeOf(Stage stage, int code, bool peerIsGone = false, const char* detail = "") {
    return failureOf({.stage = stage, .code = code, .detail = detail, .peerIsGone = peerIsGone}).code();
}

bootferry_error codeOfStatus(unsigned long status) {
    return failureOf({.stage = Stage::Opening, .code = LIBSSH2_ERROR_SFTP_PROTOCOL, .sftpStatus = status})
        .code();
}

TEST(SshFailureTest, ABrokenConnectionIsTriedAgain) {
    for (const auto stage : {Stage::Handshake, Stage::Login, Stage::Opening, Stage::Reading}) {
        EXPECT_EQ(codeOf(stage, LIBSSH2_ERROR_SOCKET_DISCONNECT), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_EQ(codeOf(stage, LIBSSH2_ERROR_CHANNEL_CLOSED), BOOTFERRY_ERROR_UNREACHABLE);
    }
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, true),
              BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_SOCKET_NONE, true), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOf(Stage::Login, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED, true, "Waiting for USERAUTH response"),
              BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(SshFailureTest, AHandshakeThatFailsOtherwiseIsFinal) {
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEX_FAILURE, true), BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE), BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, LIBSSH2_ERROR_BANNER_RECV), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, TheServersAnswersToAFile) {
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_NO_SUCH_FILE), BOOTFERRY_ERROR_NOT_FOUND);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_PERMISSION_DENIED), BOOTFERRY_ERROR_AUTH);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_CONNECTION_LOST), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_FAILURE), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_EQ(codeOfStatus(LIBSSH2_FX_OK), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, ACutSaysHowFarItCame) {
    const auto failure = failureOf({.stage = Stage::Reading,
                                    .code = LIBSSH2_ERROR_SOCKET_RECV,
                                    .authority = "files.example:22",
                                    .position = 17,
                                    .size = 40});
    EXPECT_STREQ(failure.what(), "the connection to files.example:22 was cut after 17 of 40 bytes");
}

TEST(SshFailureTest, SftpThatEndsAtOnceIsNotTriedForEver) {
    SshEnd end{.stage = Stage::Opening, .code = LIBSSH2_ERROR_SOCKET_DISCONNECT, .channelEnded = true};
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.stage = Stage::Reading;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(SshFailureTest, TimeAndMemory) {
    EXPECT_EQ(codeOf(Stage::Reading, LIBSSH2_ERROR_TIMEOUT), BOOTFERRY_ERROR_TIMEOUT);
    EXPECT_EQ(codeOf(Stage::Reading, LIBSSH2_ERROR_ALLOC), BOOTFERRY_ERROR_IO);
}

} // namespace
} // namespace bootferry::sftp
