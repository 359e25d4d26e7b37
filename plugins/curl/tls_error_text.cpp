// SPDX-License-Identifier: LGPL-2.1-or-later
// The reasons are those of ssl_err.c and pem_err.c, the same in OpenSSL 1.1
// ("error:CODE:library:function:reason") and 3 (where the function is empty).
#include "tls_error_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace bootferry::curl {
namespace {

struct Meaning {
    std::string_view reason; // how it begins
    std::string_view words;
};

constexpr std::string_view notTls = "the server does not speak TLS at this port";
constexpr std::string_view noCommonVersion =
    "the server and this machine have no TLS version in common that both permit (curl's options tls-max and "
    "tlsv1.0 to tlsv1.3 limit this machine's, and so does its OpenSSL)";
constexpr std::string_view noCommonMethod =
    "the server refused the handshake: there is no cipher in common, or it requires a client certificate "
    "(curl's options cert and key)";
constexpr std::string_view tooWeak = "the server's keys are too weak for this machine's OpenSSL";
constexpr std::string_view certificateWanted =
    "the server requires a client certificate (curl's options cert and key)";

constexpr Meaning meanings[] = {
    {"wrong version number", notTls},
    {"unknown protocol", notTls},
    {"http request", notTls},
    {"packet length too long", notTls},
    {"record layer failure", notTls},
    {"unsupported protocol", noCommonVersion},
    {"no protocols available", noCommonVersion},
    {"version too low", noCommonVersion},
    {"tlsv1 alert protocol version", noCommonVersion},
    {"legacy sigalg disallowed or unsupported",
     "the server has only a version of TLS, or signatures, that this machine's OpenSSL no longer accepts"},
    {"unsafe legacy renegotiation disabled",
     "the server has only a form of renegotiation that this machine's OpenSSL no longer accepts"},
    {"sslv3 alert handshake failure", noCommonMethod},
    {"ssl/tls alert handshake failure", noCommonMethod},
    {"tlsv1 alert insufficient security", noCommonMethod},
    {"no shared cipher", noCommonMethod},
    {"no ciphers available", "none of the ciphers in the options is available"},
    {"dh key too small", tooWeak},
    {"ee key too small", tooWeak},
    {"ca key too small", tooWeak},
    {"ca md too weak", tooWeak},
    {"tlsv13 alert certificate required", certificateWanted},
    {"tlsv1 alert unknown ca", "the server does not know the issuer of the client certificate"},
    {"tlsv1 alert access denied", "the server refused the client certificate"},
    {"sslv3 alert bad certificate", "the server refused the client certificate, or requires one"},
    {"sslv3 alert unsupported certificate", "the server does not support the client certificate's kind"},
    {"sslv3 alert certificate revoked", "the server says that the client certificate is revoked"},
    {"sslv3 alert certificate expired", "the server says that the client certificate has expired"},
    {"sslv3 alert certificate unknown", "the server refused the client certificate"},
    {"tlsv1 unrecognized name", "the server has no certificate for this host name"},
    {"tlsv1 alert unrecognized name", "the server has no certificate for this host name"},
    {"tlsv1 alert internal error", "the server reports an error of its own"},
    {"unexpected eof while reading", "the server closed the connection"},
    {"no start line", "it is not in PEM format"},
    {"bad decrypt", "the pass phrase is wrong"},
    {"key values mismatch", "the key does not belong to the certificate"},
};

constexpr std::string_view codeMark = "error:";
constexpr std::size_t codeDigits = 8;

bool isHex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

// The position of the first code at or after `from`: "error:", eight hexadecimal digits, ":".
std::size_t findCode(const std::string& text, std::size_t from) {
    for (auto at = text.find(codeMark, from); at != std::string::npos; at = text.find(codeMark, at + 1)) {
        const auto digits = std::string_view(text).substr(at + codeMark.size());
        if (digits.size() > codeDigits && digits[codeDigits] == ':' &&
            std::all_of(digits.begin(), digits.begin() + codeDigits, isHex)) {
            return at;
        }
    }
    return std::string::npos;
}

std::string_view wordsFor(std::string_view reason) {
    const auto* found = std::find_if(std::begin(meanings), std::end(meanings), [reason](const auto& meaning) {
        return reason.starts_with(meaning.reason);
    });
    return found != std::end(meanings) ? found->words : reason;
}

// The beginning of libcurl's prefix of a code: "OpenSSL/3.0.17: ", "OpenSSL SSL_read: ", "TLS connect error:
// ", "OpenSSL error ".
std::size_t prefixBegin(const std::string& text, std::size_t code) {
    auto begin = std::string_view(text).substr(0, code).find_last_of(",(\n");
    begin = begin == std::string_view::npos ? 0 : begin + 1;
    const auto before = std::string_view(text).substr(begin, code - begin);
    for (const std::string_view name : {"OpenSSL", "TLS connect error"}) {
        if (const auto at = before.find(name); at != std::string_view::npos) {
            return begin + at;
        }
    }
    return code;
}

void removePrefix(std::string& text, std::string_view prefix) {
    if (text.starts_with(prefix)) {
        text.erase(0, prefix.size());
    }
}

} // namespace

std::string withTlsErrorText(const std::string& detail) {
    auto text = detail;
    for (auto at = findCode(text, 0); at != std::string::npos; at = findCode(text, at)) {
        auto reason = at + codeMark.size() + codeDigits + 1;
        const auto end = std::min(text.find(',', reason), text.size());
        for (int part = 0; part < 2; ++part) { // library and function
            const auto colon = text.find(':', reason);
            reason = colon < end ? colon + 1 : reason;
        }
        const std::string words(wordsFor(std::string_view(text).substr(reason, end - reason)));
        const auto begin = prefixBegin(text, at);
        text.replace(begin, end - begin, words);
        at = begin + words.size();
    }
    removePrefix(text, "SSL certificate problem: ");
    removePrefix(text, "SSL certificate OpenSSL verify result: "); // libcurl 8.23
    removePrefix(text, "SSL: ");
    if (const auto none = text.rfind(", errno 0"); none != std::string::npos && none + 9 == text.size()) {
        text.erase(none);
    }
    return text;
}

bool isRefusedByServer(const std::string& detail) {
    constexpr std::string_view alerts[] = {"alert certificate",   "alert bad certificate",
                                           "alert unknown ca",    "alert unsupported certificate",
                                           "alert access denied", "alert handshake failure"};
    return findCode(detail, 0) != std::string::npos &&
           std::any_of(std::begin(alerts), std::end(alerts),
                       [&](std::string_view alert) { return detail.find(alert) != std::string::npos; });
}

bool isServersTrouble(const std::string& detail) {
    return findCode(detail, 0) != std::string::npos &&
           (detail.find("alert internal error") != std::string::npos ||
            detail.find("alert user cancel") != std::string::npos);
}

bool isNoTls(const std::string& detail) {
    return withTlsErrorText(detail).find(notTls) != std::string::npos;
}

} // namespace bootferry::curl
