// SPDX-License-Identifier: LGPL-2.1-or-later
// The details are what libcurl 7.88 to 8.14 wrote, with OpenSSL 1.1 and 3.
#include "tls_error_text.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(TlsErrorText, ACodeBecomesWhatItMeans) {
    const std::pair<const char*, const char*> rows[] = {
        {"OpenSSL/3.0.17: error:0A00010B:SSL routines::wrong version number",
         "the server does not speak TLS at this port"},
        {"TLS connect error: error:0A00010B:SSL routines::wrong version number",
         "the server does not speak TLS at this port"},
        {"error:1408F10B:SSL routines:ssl3_get_record:wrong version number",
         "the server does not speak TLS at this port"},
        {"OpenSSL/3.0.17: error:0A00042E:SSL routines::tlsv1 alert protocol version",
         "the server and this machine have no TLS version in common that both permit (curl's options tls-max "
         "and "
         "tlsv1.0 to tlsv1.3 limit this machine's, and so does its OpenSSL)"},
        {"OpenSSL SSL_read: OpenSSL/3.0.17: error:0A00045C:SSL routines::tlsv13 alert certificate required, "
         "errno 0",
         "the server requires a client certificate (curl's options cert and key)"},
        {"could not load PEM client certificate from /a, OpenSSL error error:0480006C:PEM routines::no start "
         "line, "
         "(no key found, wrong pass phrase, or wrong file format?)",
         "could not load PEM client certificate from /a, it is not in PEM format, "
         "(no key found, wrong pass phrase, or wrong file format?)"},
        {"OpenSSL/9.9: error:0A0FFFFF:SSL routines::a reason of the future", "a reason of the future"},
        {"error:0A00010B", "error:0A00010B"},
        {"error:0A00010B:", ""},
        {"error:0A00010B:SSL routines::", ""},
        {"error:0A00010B:a", "a"},
        {"error:0A00010B:SSL::x, error:0A00010B:SSL::y", "x, y"},
        {"SSL certificate problem: certificate has expired", "certificate has expired"},
        {"SSL certificate OpenSSL verify result: certificate has expired (10)",
         "certificate has expired (10)"},
        {"SSL: public key does not match pinned public key", "public key does not match pinned public key"},
        {"Connection refused", "Connection refused"},
        {"", ""},
    };
    for (const auto& [detail, words] : rows) {
        EXPECT_EQ(withTlsErrorText(detail), words);
    }
}

TEST(TlsErrorText, AServerThatRefusesAClientIsTold) {
    EXPECT_TRUE(isRefusedByServer("error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0"));
    EXPECT_TRUE(isRefusedByServer("error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0"));
    EXPECT_TRUE(isServersTrouble("error:0A000438:SSL routines::tlsv1 alert internal error, errno 0"));
    EXPECT_FALSE(isServersTrouble("error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0"));
    EXPECT_FALSE(isRefusedByServer("error:0A000438:SSL routines::tlsv1 alert internal error, errno 0"));
    EXPECT_FALSE(isRefusedByServer("error:0A000126:SSL routines::unexpected eof while reading, errno 0"));
    EXPECT_FALSE(isRefusedByServer("alert certificate required"));
}

} // namespace
} // namespace bootferry::curl
