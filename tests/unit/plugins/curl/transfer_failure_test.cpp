// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_failure.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TransferFailureTest, AWrongClockIsNamed) {
    TransferEnd end;
    end.result = CURLE_PEER_FAILED_VERIFICATION;
    end.detail = "SSL certificate problem: certificate is not yet valid";
    end.authority = "server";
    end.now = 60;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_TLS);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("clock says 1970-01-01 00:01 UTC"));
    end.detail = "self-signed certificate";
    EXPECT_THAT(failureOf(end).what(), Not(HasSubstr("clock")));
}

TEST(TransferFailureTest, FtpRepliesAreExplained) {
    TransferEnd end;
    end.isFtp = true;
    end.result = CURLE_FTP_COULDNT_RETR_FILE;
    end.responseCode = 550;
    end.reply = "550 Failed to open file.";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_NOT_FOUND);
    EXPECT_STREQ(
        failureOf(end).what(),
        "the server has no such file, or its user may not read it: server answered 550 Failed to open file.");
    end.responseCode = 530;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_AUTH);
    end.responseCode = 421;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(TransferFailureTest, TheCommandDecidesWhatAnFtpRefusalMeans) {
    struct Row {
        CURLcode result;
        long code;
        const char* detail;
        bootferry_error meaning;
        const char* words;
    };
    for (const auto& row : {
             Row{CURLE_REMOTE_FILE_NOT_FOUND, 550, "", BOOTFERRY_ERROR_NOT_FOUND, "no such file"},
             Row{CURLE_REMOTE_ACCESS_DENIED, 550, "", BOOTFERRY_ERROR_NOT_FOUND, "no such file"}, // CWD
             Row{CURLE_FTP_COULDNT_RETR_FILE, 553, "", BOOTFERRY_ERROR_PROTOCOL, "server answered"},
             Row{CURLE_FTP_WEIRD_PASV_REPLY, 550, "", BOOTFERRY_ERROR_PROTOCOL, "passive"},
             Row{CURLE_FTP_WEIRD_PASV_REPLY, 530, "", BOOTFERRY_ERROR_AUTH, "server answered"},
             Row{CURLE_WEIRD_SERVER_REPLY, 550, "Failed EPSV attempt, exiting", BOOTFERRY_ERROR_PROTOCOL,
                 "passive"},
             Row{CURLE_WEIRD_SERVER_REPLY, 550, "Got a 550 ftp-server response when 220 was expected",
                 BOOTFERRY_ERROR_PROTOCOL, "server answered"},
             Row{CURLE_FTP_PORT_FAILED, 550, "", BOOTFERRY_ERROR_PROTOCOL, "ftp-port"},
             Row{CURLE_FTP_COULDNT_SET_TYPE, 550, "", BOOTFERRY_ERROR_PROTOCOL, "server answered"},
             Row{CURLE_LOGIN_DENIED, 550, "", BOOTFERRY_ERROR_AUTH, "server answered"},
             Row{CURLE_LOGIN_DENIED, 500, "", BOOTFERRY_ERROR_PROTOCOL, "server answered"},
             Row{CURLE_PARTIAL_FILE, 550, "", BOOTFERRY_ERROR_PROTOCOL, "server answered"},
         }) {
        TransferEnd end;
        end.isFtp = true;
        end.result = row.result;
        end.responseCode = row.code;
        end.detail = row.detail;
        EXPECT_EQ(failureOf(end).code(), row.meaning) << row.result << ' ' << row.code;
        EXPECT_THAT(failureOf(end).what(), HasSubstr(row.words)) << row.result << ' ' << row.code;
        EXPECT_EQ(std::string(failureOf(end).what()).find("no such file") != std::string::npos,
                  row.meaning == BOOTFERRY_ERROR_NOT_FOUND);
    }
}

TEST(TransferFailureTest, WhatFtpSaysOfAnEarlyEndIsTold) {
    TransferEnd end;
    end.isFtp = true;
    end.result = CURLE_PARTIAL_FILE;
    end.responseCode = 150;
    end.reply = "150 Here it comes";
    end.authority = "server";
    end.position = 10;
    end.size = 20;
    end.lateReply = "426 Failure writing network stream.";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(failureOf(end).what(), "the connection to server was cut after 10 of 20 bytes: server "
                                        "answered 426 Failure writing network stream.");
}

TEST(TransferFailureTest, ABusyFtpServerIsWaitedFor) {
    TransferEnd end;
    end.isFtp = true;
    end.result = CURLE_LOGIN_DENIED;
    end.responseCode = 530;
    end.reply = "530 Sorry, the maximum number of allowed clients (1) are already connected.";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    end.reply = "530 Login incorrect.";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_AUTH);
    end.result = CURLE_OPERATION_TIMEDOUT; // so libcurl reports 421
    end.responseCode = 421;
    end.reply = "421 There are too many connected users, please try later.";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(failureOf(end).what(),
                 "server answered 421 There are too many connected users, please try later.");
    end.responseCode = 331; // the answer before a silence
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_TIMEOUT);
    end = {};
    end.isFtp = true;
    end.authority = "server";
    end.result = CURLE_WEIRD_SERVER_REPLY;
    end.responseCode = 120;
    end.reply = "120 Service ready in 5 minutes";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(failureOf(end).what(), "server answered 120 Service ready in 5 minutes");
    end.responseCode = 0;
    end.reply.clear();
    end.result = CURLE_RECV_ERROR; // as ProFTPD's MaxInstances
    EXPECT_STREQ(failureOf(end).what(), "server closed the connection without a greeting");
}

TEST(TransferFailureTest, ARefusalOfAnOffsetIsNoneOfTheFile) {
    TransferEnd end;
    end.isFtp = true;
    end.result = CURLE_FTP_COULDNT_RETR_FILE;
    end.responseCode = 451;
    end.reply = "451 image: Restart not permitted, try again";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    end.resumes = true;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(TransferFailureTest, ABrokenHandshakeMayBeTheNetworks) {
    TransferEnd end;
    end.result = CURLE_SSL_CONNECT_ERROR;
    end.detail = "no protocols available";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_TLS);
    end.osErrno = ECONNRESET;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    end.authority = "h:1";
    for (const char* detail :
         {"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:1 ",
          "TLS connect error: error:0A000126:SSL routines::unexpected eof while reading"}) {
        end.detail = detail;
        end.osErrno = 0;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_STREQ(
            failureOf(end).what(),
            "h:1: the server closed the connection during the TLS handshake (is this a port for https?)");
        end.isFtp = true;
        EXPECT_STREQ(failureOf(end).what(), "h:1: the server closed the connection during the TLS handshake");
        end.isFtp = false;
        end.osErrno = ECONNRESET;
        EXPECT_STREQ(failureOf(end).what(), "h:1: the connection broke during the TLS handshake");
    }
}

TEST(TransferFailureTest, TlsOptionsThatExcludeEachOtherAreNamed) {
    TransferEnd end;
    end.result = CURLE_SSL_CONNECT_ERROR;
    end.detail = "CURL_SSLVERSION_MAX incompatible with CURL_SSLVERSION";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_INVALID);
    EXPECT_THAT(failureOf(end).what(), testing::StartsWith("curl's option tls-max leaves no TLS version"));
}

TEST(TransferFailureTest, AServerOfAnotherProtocolIsNoWrongUrl) {
    TransferEnd end;
    end.result = CURLE_UNSUPPORTED_PROTOCOL;
    end.authority = "server";
    end.detail = "Received HTTP/0.9 when not allowed";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("server does not answer in HTTP"));
    end.detail = "Unsupported HTTP version (7.1) in response";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.detail = "Unsupported response code in HTTP response";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.detail = "Protocol \"ldap\" not supported or disabled in libcurl";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_INVALID);
}

TEST(TransferFailureTest, AProxysPasswordIsNotShown) {
    TransferEnd end;
    end.detail = "Unsupported proxy scheme for 'gopher://user:secret@proxy'";
    for (const auto result : {CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY}) {
        end.result = result;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_INVALID);
        EXPECT_THAT(failureOf(end).what(), Not(HasSubstr("secret")));
    }
    end.detail = "Could not resolve proxy: proxy";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(TransferFailureTest, ARefusedRedirectNamesWhoRedirects) {
    TransferEnd end;
    end.result = CURLE_UNSUPPORTED_PROTOCOL;
    end.responseCode = 302;
    end.authority = "mirror"; // libcurl's newest URL is the refused one
    end.askedUrl = "https://user:secret@first:443/image";
    end.response.location = "http://mirror/image";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_STREQ(failureOf(end).what(),
                 "first:443 redirects to http://mirror/image, which is not encrypted (curl's "
                 "option proto-redir permits it, as +http)");
}

TEST(TransferFailureTest, AMalformedRedirectIsTheServersFault) {
    TransferEnd end;
    end.result = CURLE_URL_MALFORMAT;
    end.detail = "The redirect target URL could not be parsed: Bad hostname";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_INVALID);
    end.responseCode = 301;
    end.askedUrl = "http://server/image";
    end.response.location = "http://a b/";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_STREQ(failureOf(end).what(),
                 "server redirects to 'http://a b/', which is not a URL: Bad hostname");
}

TEST(TransferFailureTest, AnAnswerThatViolatesHttpIsNoBrokenConnection) {
    TransferEnd end;
    end.result = CURLE_RECV_ERROR;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    for (const auto* detail : {"Illegal or missing hexadecimal sequence in chunked-encoding",
                               "Too large response headers: 307204 > 307200"}) {
        end.detail = detail;
        EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL) << detail;
    }
    end = {};
    end.result = CURLE_OUT_OF_MEMORY;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_IO);
    end.askedUrl = "http://server/image";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.position = 1;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_IO);
    end.position = 0;
    end.result = static_cast<CURLcode>(100); // CURLE_TOO_LARGE, from libcurl 8.6 on
    EXPECT_THAT(failureOf(end).what(), HasSubstr("sent a header of more than 100 KB"));
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(TransferFailureTest, TftpErrorsHaveTheirCodes) {
    TransferEnd end;
    end.isTftp = true;
    end.authority = "server";
    end.result = CURLE_TFTP_NOTFOUND;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_NOT_FOUND);
    end.detail = "getpeername() failed with errno 107"; // libcurl leaves that there
    EXPECT_STREQ(failureOf(end).what(), "server answered with an error without words");
    end.reply = "File not found";
    EXPECT_STREQ(failureOf(end).what(), "server answered File not found");
    end.result = CURLE_TFTP_PERM;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_AUTH);
    end.result = CURLE_ABORTED_BY_CALLBACK; // as libcurl reports an error without a code
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.result = CURLE_COULDNT_CONNECT;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(failureOf(end).what(), "server does not answer");
    end.result = CURLE_OPERATION_TIMEDOUT;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_TIMEOUT);
}

TEST(TransferFailureTest, ADeadProxyIsNotTheServer) {
    TransferEnd end;
    end.result = CURLE_COULDNT_CONNECT;
    end.detail = "Failed to connect to proxy port 3128 after 0 ms: Couldn't connect to server";
    end.osErrno = ECONNREFUSED;
    end.authority = "server";
    end.place = "server:80";
    EXPECT_STREQ(failureOf(end).what(), "connecting to the proxy proxy:3128");
    end.connectsElsewhere = true;
    EXPECT_STREQ(failureOf(end).what(), "connecting to server");
    end.connectsElsewhere = false;
    end.detail = "Failed to connect to server port 80 after 0 ms: Couldn't connect to server";
    EXPECT_STREQ(failureOf(end).what(), "connecting to server");
    end.isFtp = true;
    end.reply = "229 Extended passive mode (|||4000|)";
    end.detail = "Failed to connect to server port 4000 after 0 ms: Couldn't connect to server";
    EXPECT_STREQ(failureOf(end).what(), "connecting to server");
    end = {};
    end.result = CURLE_COULDNT_RESOLVE_PROXY;
    end.detail = "Could not resolve proxy: proxy.invalid";
    EXPECT_STREQ(failureOf(end).what(), "the proxy's host name 'proxy.invalid' does not resolve");
}

TEST(TransferFailureTest, AProxysAnswerToConnectIsNoBrokenConnection) {
    TransferEnd end;
    end.result = CURLE_RECV_ERROR;
    end.detail = "Received HTTP code 407 from proxy after CONNECT";
    end.authority = "server:443";
    end.connect.status = 407;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_AUTH);
    end.connect.status = 200; // then the tunnel broke
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(TransferFailureTest, AnInterfaceThatIsNotThereYetIsWaitedFor) {
    TransferEnd end;
    end.result = CURLE_INTERFACE_FAILED;
    end.detail = "Couldn't bind to 'eht0'";
    EXPECT_THAT(failureOf(end).what(),
                HasSubstr("'eht0', which the option interface names: this machine has no"));
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    end.osErrno = EADDRINUSE;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    end.osErrno = EACCES;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_IO);
}

TEST(TransferFailureTest, TheEndOfHttp2IsForNowIfItWasHttp2) {
    TransferEnd end;
    end.result = CURLE_HTTP2;
    end.detail = "Error in the HTTP2 framing layer";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    end.goaway = 0;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("before it answered"));
    end.position = 5;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_THAT(failureOf(end).what(), Not(HasSubstr("before it answered")));
    end.goaway.reset();
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(TransferFailureTest, AStreamThatEndsWithAnErrorIsContinuedAfterItsFirstByte) {
    TransferEnd end;
    end.result = CURLE_HTTP2_STREAM;
    end.detail = "HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("ended the stream with an error of HTTP/2: "));
    end.position = 5;
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("PROTOCOL_ERROR"));
}

TEST(TransferFailureTest, AnOptionThatLibcurlRefusesLateIsPermanent) {
    TransferEnd end;
    end.result = CURLE_BAD_FUNCTION_ARGUMENT;
    end.detail = "unable to set private key file: '/key' type PEM";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_IO);
    EXPECT_THAT(failureOf(end).what(), HasSubstr("client certificate or its key"));
    end.detail = "something else";
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_INVALID);
    end.detail =
        "Failed reading the chunked-encoded stream"; // what a chunk size of "0x5" is for libcurl 7.88
    EXPECT_EQ(failureOf(end).code(), BOOTFERRY_ERROR_PROTOCOL);
}

} // namespace
} // namespace bootferry::curl
