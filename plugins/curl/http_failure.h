// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps HTTP answers without the file's bytes to the ABI's error codes, and to a message that says what would
// help. Pure.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "host.h"
#include "http_response.h"

namespace bootferry::curl {

struct HttpRefusal {
    long status = 0;
    std::time_t now = 0; // the current time
    // A range was requested. A server may refuse ranges with a status that would be a permanent failure in a
    // request for the whole file.
    bool partAsked = false;
    long authOffered = 0;  // CURLAUTH_*, by the server or, for 407, by the proxy
    long authChosen = 0;   // CURLAUTH_*, by options
    std::string_view page; // the beginning of the body
    // Who may have answered: a proxy that forwards a request may have an answer of its own, in the same form
    // (RFC 9110, section 3.7).
    std::string who = "server";
};

// For a status other than 200, 203, 206 and 416.
[[nodiscard]] plugin::Failure failureOfStatus(const HttpResponse& response, const HttpRefusal& refusal);

// For an answer of a proxy to CONNECT other than 200. target: the server that was to be reached.
[[nodiscard]] plugin::Failure failureOfConnect(const HttpResponse& response, const HttpRefusal& refusal,
                                               const std::string& target);

// A redirect that was not followed.
struct RefusedRedirect {
    std::string from;     // the server that redirects
    std::string location; // as it was sent
    std::string detail;   // libcurl's words, if the location is not a valid URL
    bool isValid = true;
    bool fromEncrypted = false;
    bool chosen = false; // an option (proto-redir) decides what is followed
};
[[nodiscard]] plugin::Failure failureOfRedirect(const RefusedRedirect& redirect);

// The name of a coding that was not requested and that the file's name does not show, or an empty one. The
// body is delivered as it is: whether it is decoded is the host's to decide.
[[nodiscard]] std::string unaskedCoding(const HttpResponse& response, std::string_view path);

// A failure if the body is in a coding that was not requested and that bootferry cannot decode. A file that
// is stored in that coding shows it in its name: image.br.
[[nodiscard]] std::optional<plugin::Failure> failureOfCoding(const HttpResponse& response,
                                                             std::string_view path);

} // namespace bootferry::curl
