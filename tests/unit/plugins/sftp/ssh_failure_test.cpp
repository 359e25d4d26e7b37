// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libssh/sftp.h>

namespace bootferry::sftp {
namespace {

bootferry_error codeOf(Stage stage, const char* detail, bool peerIsGone = false) {
    return failureOf({.stage = stage, .detail = detail, .peerIsGone = peerIsGone}).code();
}

bootferry_error codeOfStatus(std::uint32_t status) {
    return failureOf({.stage = Stage::Opening, .sftpStatus = status}).code();
}

TEST(SshFailureTest, ABrokenConnectionIsTriedAgain) {
    for (const auto stage : {Stage::Handshake, Stage::Login, Stage::Opening, Stage::Reading}) {
        EXPECT_EQ(codeOf(stage, "Socket error: disconnected"), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_EQ(codeOf(stage, "Received SSH_MSG_DISCONNECT: 2:Too many"), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_EQ(codeOf(stage, "", true), BOOTFERRY_ERROR_UNREACHABLE);
    }
}

TEST(SshFailureTest, AHandshakeThatFailsOtherwiseIsFinal) {
    EXPECT_EQ(codeOf(Stage::Handshake, "kex error : no match for method server host key algo", true),
              BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, "Failed to verify server hostkey signature", true),
              BOOTFERRY_ERROR_TLS);
    EXPECT_EQ(codeOf(Stage::Handshake, "Receiving banner: too large banner"), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_EQ(
        failureOf({.detail = "Socket error: disconnected", .spokeSsh = false, .peerIsGone = true}).code(),
        BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, ALoginThatIsNotRefusedIsOneThatWantsMore) {
    const auto failure = failureOf({.stage = Stage::Login, .authority = "files.example:22"});
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_AUTH);
    EXPECT_THAT(failure.what(), ::testing::HasSubstr("new password"));
}

TEST(SshFailureTest, TheServersAnswersToAFile) {
    EXPECT_EQ(codeOfStatus(SSH_FX_NO_SUCH_FILE), BOOTFERRY_ERROR_NOT_FOUND);
    EXPECT_EQ(codeOfStatus(SSH_FX_PERMISSION_DENIED), BOOTFERRY_ERROR_AUTH);
    EXPECT_EQ(codeOfStatus(SSH_FX_CONNECTION_LOST), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(codeOfStatus(SSH_FX_FAILURE), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_EQ(codeOfStatus(SSH_FX_OK), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(SshFailureTest, ACutIsReportedWithItsPosition) {
    const auto failure = failureOf({.stage = Stage::Reading,
                                    .detail = "Socket error: Connection reset by peer",
                                    .authority = "files.example:22",
                                    .position = 17,
                                    .size = 40});
    EXPECT_STREQ(failure.what(), "the connection to files.example:22 was cut after 17 of 40 bytes");
}

TEST(SshFailureTest, SftpThatEndsAtOnceIsNotTriedForEver) {
    SshEnd end{.stage = Stage::Opening, .channelEnded = true};
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.stage = Stage::Reading;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(SshFailureTest, Memory) {
    EXPECT_EQ(codeOf(Stage::Reading, "ssh_packet_send: Out of memory"), BOOTFERRY_ERROR_IO);
}

} // namespace
} // namespace bootferry::sftp
