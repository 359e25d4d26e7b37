// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plain_answer.h"

#include <curl/curl.h>

namespace bootferry::curl {
namespace {

// libcurl before 8.0 reports schemes in capitals, and a redirect may use any case.
bool speaks(const AnswerFacts& answer, std::string_view scheme) {
    const auto colon = answer.url.find(':');
    return colon == scheme.size() && answer.scheme.size() == scheme.size() &&
           curl_strnequal(answer.url.c_str(), scheme.data(), scheme.size()) != 0 &&
           curl_strnequal(answer.scheme.c_str(), scheme.data(), scheme.size()) != 0;
}

// ";type=a" in an FTP URL: line ends are converted in transit.
bool convertsLines(const AnswerFacts& answer) {
    return answer.isFtp && answer.url.find(';') != std::string::npos;
}

bool isHttp1(const AnswerFacts& answer) {
    return answer.httpVersion == CURL_HTTP_VERSION_1_0 || answer.httpVersion == CURL_HTTP_VERSION_1_1;
}

} // namespace

std::optional<std::string_view> whyLibcurlReads(const AnswerFacts& answer) {
    if (!speaks(answer, answer.isFtp ? "ftp" : "http")) {
        return "the answer's scheme is not a plain one";
    }
    if (answer.mayUseTls) {
        return "an option asks for TLS";
    }
    if (answer.hasTlsSession) {
        return "there is TLS on the connection";
    }
    if (answer.connectStatus != 0) {
        return "the connection is a tunnel through a proxy";
    }
    if (!answer.isFtp && !isHttp1(answer)) {
        return "the answer is not HTTP 1";
    }
    if (answer.isCoded || convertsLines(answer)) {
        return "the body is coded";
    }
    if (!answer.wantedLength || answer.framedLength != answer.wantedLength) {
        return "the body's length is not certain";
    }
    return std::nullopt;
}

} // namespace bootferry::curl
