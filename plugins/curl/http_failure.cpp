// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_failure.h"

#include <array>

#include <curl/curl.h>

#include "ascii_text.h"
#include "url_text.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

struct AuthMethod {
    long bit;
    std::string_view name;
    std::string_view option;
};

constexpr AuthMethod methods[] = {
    {CURLAUTH_DIGEST, "Digest", "digest"},
    {CURLAUTH_NEGOTIATE, "Negotiate", "negotiate"},
    {CURLAUTH_NTLM, "NTLM", "ntlm"},
};

// libcurl tries Basic unless an option says otherwise.
std::string authAdvice(const HttpRefusal& refusal, std::string_view prefix) {
    const auto offered = static_cast<unsigned long>(refusal.authOffered);
    const auto tried =
        refusal.authChosen != 0 ? static_cast<unsigned long>(refusal.authChosen) : CURLAUTH_BASIC;
    if ((offered & tried) != 0) {
        return {};
    }
    for (const auto& method : methods) {
        if ((offered & static_cast<unsigned long>(method.bit)) != 0) {
            return "; it accepts " + std::string(method.name) + " (curl's option " + std::string(prefix) +
                   std::string(method.option) + ")";
        }
    }
    if ((offered & CURLAUTH_BEARER) != 0 && prefix.empty()) {
        return "; it accepts a bearer token (curl's option oauth2-bearer)";
    }
    return (offered & CURLAUTH_BASIC) != 0
               ? "; it accepts Basic (curl's option " + std::string(prefix) + "basic)"
               : std::string();
}

std::string proxyAdvice(const HttpRefusal& refusal) {
    const auto advice = authAdvice(refusal, "proxy-");
    return ": its credentials are missing or were refused" +
           (advice.empty() ? std::string(" (curl's option proxy-user)") : advice);
}

bool isForNow(long status) {
    return (status >= 500 && status < 600) || status == 408 || status == 425 || status == 429;
}

Failure notNow(const HttpResponse& response, const HttpRefusal& refusal, const std::string& message) {
    Failure failure(BOOTFERRY_ERROR_UNREACHABLE, message);
    if (const auto seconds = parseRetryAfter(response.retryAfter, refusal.now)) {
        failure.retryAfter(*seconds);
    }
    return failure;
}

std::string statusText(const HttpResponse& response, const HttpRefusal& refusal) {
    return response.status.empty() ? std::to_string(refusal.status) : response.status;
}

// The words of nginx, Apache and Go.
bool expectsTls(std::string_view page) {
    return page.find("HTTPS port") != std::string_view::npos ||
           page.find("SSL-enabled server port") != std::string_view::npos ||
           page.find("HTTP request to an HTTPS server") != std::string_view::npos;
}

// The words of nginx.
bool wantsCertificate(std::string_view page) {
    return page.find("No required SSL certificate was sent") != std::string_view::npos;
}

Failure notFollowed(const HttpResponse& response, const HttpRefusal& refusal, const std::string& message) {
    if (refusal.status == 304) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                message + ", as if this machine had the file already (see the headers among curl's options)"};
    }
    if (response.location.empty()) {
        return {BOOTFERRY_ERROR_PROTOCOL, message + ", but not where the file is: it sent no Location"};
    }
    return {BOOTFERRY_ERROR_NOT_FOUND,
            message + " to " + shownUrl(response.location) + ", and following redirects is turned off"};
}

} // namespace

Failure failureOfStatus(const HttpResponse& response, const HttpRefusal& refusal) {
    const auto status = refusal.status;
    const auto message = refusal.who + " answered " + statusText(response, refusal);
    // The same server, or another one of its name, may have the file all the same.
    const bool isMissing = status == 404 || status == 410;
    if (refusal.partAsked && (status == 403 || status == 501 || isMissing)) {
        return {BOOTFERRY_ERROR_PROTOCOL, message};
    }
    if (isForNow(status)) {
        return notNow(response, refusal, message);
    }
    switch (status) {
    case 404:
    case 410:
        return {BOOTFERRY_ERROR_NOT_FOUND, message};
    case 401:
        return {BOOTFERRY_ERROR_AUTH,
                message + ": credentials are missing or were refused" + authAdvice(refusal, "")};
    case 403:
        return {BOOTFERRY_ERROR_AUTH, message};
    case 400:
    case 496: // nginx
        if (wantsCertificate(refusal.page)) {
            return {BOOTFERRY_ERROR_AUTH,
                    message + ": it requires a certificate of this machine (curl's options cert and key)"};
        }
        break;
    case 407:
        return {BOOTFERRY_ERROR_AUTH,
                "the proxy answered " + statusText(response, refusal) + proxyAdvice(refusal)};
    default:
        break;
    }
    if (status >= 300 && status < 400) {
        return notFollowed(response, refusal, message);
    }
    return {BOOTFERRY_ERROR_PROTOCOL,
            message + (expectsTls(refusal.page) ? ": the URL must begin with https://" : "")};
}

Failure failureOfConnect(const HttpResponse& response, const HttpRefusal& refusal,
                         const std::string& target) {
    const auto message =
        "the proxy answered " + statusText(response, refusal) + " when asked for a connection to " + target;
    if (isForNow(refusal.status)) {
        return notNow(response, refusal, message);
    }
    if (refusal.status == 407) {
        return {BOOTFERRY_ERROR_AUTH, message + proxyAdvice(refusal)};
    }
    return {refusal.status == 401 || refusal.status == 403 ? BOOTFERRY_ERROR_AUTH : BOOTFERRY_ERROR_PROTOCOL,
            message};
}

Failure failureOfRedirect(const RefusedRedirect& redirect) {
    const auto location = shownUrl(redirect.location);
    if (!redirect.isValid) {
        return {BOOTFERRY_ERROR_PROTOCOL, redirect.from + " redirects to '" + location +
                                              "', which is not a URL" +
                                              (redirect.detail.empty() ? "" : ": " + redirect.detail)};
    }
    auto message = redirect.from + " redirects to " + location + ", ";
    const auto lowered = plugin::lowered(redirect.location);
    const bool isPlain = lowered.starts_with("http:");
    if (!isPlain && !lowered.starts_with("https:")) {
        message += "but only redirects to http and https are followed";
    } else if (redirect.chosen) {
        message += "which curl's option proto-redir does not permit";
    } else {
        message += "which is not encrypted (curl's option proto-redir permits it, as +http)";
    }
    return {BOOTFERRY_ERROR_PROTOCOL, message};
}

std::string unaskedCoding(const HttpResponse& response, std::string_view path) {
    const auto coding = response.coding();
    const bool isNamed = coding == "gzip"    ? path.ends_with(".gz") || path.ends_with(".tgz")
                         : coding == "zstd"  ? path.ends_with(".zst")
                         : coding == "bzip2" ? path.ends_with(".bz2")
                                             : path.ends_with("." + coding);
    return isNamed ? std::string() : coding;
}

std::optional<Failure> failureOfCoding(const HttpResponse& response, std::string_view path) {
    if (!response.transferCoding.empty()) {
        return Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent the file with the transfer coding '" +
                                                     response.transferCoding + "', which was not requested");
    }
    struct Coding {
        std::string_view name;
        std::string_view suffix;
    };
    static constexpr std::array<Coding, 4> unusable{
        {{"br", ".br"}, {"deflate", ".zz"}, {"compress", ".Z"}, {"x-compress", ".Z"}}};
    std::string_view left = response.contentCoding;
    while (!left.empty()) {
        const auto coding = plugin::trimmed(left.substr(0, left.find(',')));
        left.remove_prefix(std::min(left.find(','), left.size() - 1) + 1);
        for (const auto& known : unusable) {
            if (plugin::equalIgnoringCase(coding, known.name) && !path.ends_with(known.suffix)) {
                return Failure(BOOTFERRY_ERROR_PROTOCOL,
                               "server sent the file compressed with '" + std::string(known.name) +
                                   "', which was not requested and cannot be decoded");
            }
        }
    }
    return std::nullopt;
}

} // namespace bootferry::curl
