// SPDX-License-Identifier: LGPL-2.1-or-later
// Examines an answer once, when the first byte or the end arrives: is it the requested file, in the requested
// version and from the requested byte? RFC 9110, sections 13 to 15.
#include "curl_session.h"

#include <algorithm>
#include <ctime>

#include "http_failure.h"
#include "other_protocol.h"
#include "url_text.h"

namespace bootferry::curl {

using plugin::Failure;

void CurlSession::examineAnswer(std::string_view page) {
    examined_ = true;
    if (isTftp_) {
        examineTftp();
        return;
    }
    isFtp_ ? examineFtp() : examineHttp(page);
    constexpr std::size_t longestValidator = 1023;
    if (validator_.size() > longestValidator) {
        validator_.clear();
    }
    // Without a validator or a size, two versions of the file cannot be distinguished.
    const bool identified = size_ || !validator_.empty() || !wantedValidator_.empty();
    resumable_ = !response_.refusesRanges && identified;
}

// libcurl before 8.0 reports schemes in capitals.
bool CurlSession::connectionSpeaks(const char* scheme) const {
    const char* spoken = nullptr;
    return curl_easy_getinfo(easy_.get(), CURLINFO_SCHEME, &spoken) == CURLE_OK && spoken != nullptr &&
           curl_strequal(spoken, scheme) != 0;
}

void CurlSession::examineHttp(std::string_view page) {
    if (!response_.hasStatusLine) {
        if (const auto proxy = forwardingProxy()) {
            throw otherProtocolOfProxy(proxy->namedBy, page);
        }
        throw otherProtocol("HTTP", authorityOf(askedUrl_), page);
    }
    if (!response_.hasEnded) { // for libcurl this is an answer without a body
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                      authorityOf(askedUrl_) + " closed the connection within the head of its answer");
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    validator_ = response_.validator();
    const bool partAsked = !rangeText().empty();
    // A rate limit applies to all connections together, so there must be only one. A request for ftp has no
    // end.
    ranges_ = (status == 206 || response_.offersRanges) && !options_.needPacing() && schemeOf(url_) != "ftp";
    const bool bringsBytes = status == 206 || status == 200 || status == 203;
    if (bringsBytes && response_.contradictsItself()) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent an impossible Content-Length");
    }
    if (bringsBytes && response_.framingIsUnclear) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      "server sent a Content-Length or Transfer-Encoding with a blank before "
                      "its colon, or over several lines");
    }
    if (bringsBytes) {
        if (const auto failure = failureOfCoding(response_, askedUrl_)) {
            throw *failure;
        }
    }
    const auto coding = offset_ == 0 && !length_
                            ? unaskedCoding(response_, askedUrl_.substr(0, askedUrl_.find('?')))
                            : std::string();
    if (bringsBytes && !coding.empty()) {
        host().log(BOOTFERRY_LOG_WARNING,
                   "the server sent the file compressed with '" + coding + "', which was not requested");
    }
    if (status == 206 && partAsked) {
        examinePartialContent();
    } else if (status == 416 && partAsked) {
        examineUnsatisfiableRange();
    } else if (status == 200 || status == 203) {
        if (offset_ > 0) {
            throw Failure(BOOTFERRY_ERROR_RANGE,
                          wantedValidator_.empty()
                              ? "the server cannot resume, it sends the whole file"
                              : "the file on the server changed, or the server cannot resume");
        }
        requireNoPart();
        size_ = response_.bodyLength();
        requireVisibleEnd();
    } else {
        throw failureOfStatus(response_, httpRefusal(status, status == 407, page));
    }
}

// An HTTP proxy that is sent the request itself, not one for a connection.
std::optional<ProxyInUse> CurlSession::forwardingProxy() const {
    long tunnel = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &tunnel);
    auto proxy = proxyInUse();
    const bool forwards = proxy && !proxy->isSocks && tunnel == 0 && schemeOf(askedUrl_) != "https";
    return forwards ? proxy : std::nullopt;
}

// A server of ftp does not answer in HTTP.
std::string CurlSession::answerers() const {
    const auto proxy = forwardingProxy();
    const auto named = proxy ? "the proxy that " + proxy->namedBy + " names" : "the proxy";
    return schemeOf(askedUrl_) == "ftp" ? named : proxy ? "server or " + named : "server";
}

HttpRefusal CurlSession::httpRefusal(long status, bool ofProxy, std::string_view page) const {
    HttpRefusal refusal{.status = status, .now = std::time(nullptr), .partAsked = !rangeText().empty()};
    refusal.page = page;
    refusal.who = answerers();
    curl_easy_getinfo(easy_.get(), ofProxy ? CURLINFO_PROXYAUTH_AVAIL : CURLINFO_HTTPAUTH_AVAIL,
                      &refusal.authOffered);
    refusal.authChosen = options_.authMethods(ofProxy ? CURLOPT_PROXYAUTH : CURLOPT_HTTPAUTH);
    return refusal;
}

void CurlSession::examinePartialContent() {
    const auto range = parseContentRange(response_.contentRange);
    if (!range || !range->first) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent a part of the file without its position");
    }
    if (!range->total) { // nothing would show that the end of this part is not the end of the file
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent a part of the file without the file's size");
    }
    if (*range->first != offset_) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent the file from byte " +
                                                    std::to_string(*range->first) + " where byte " +
                                                    std::to_string(offset_) + " was requested");
    }
    size_ = range->total;
    examinePartEnd(*range->last);
    examineVersion();
}

// If the answer does not show its version, info has no validator, and the host compares the bytes.
void CurlSession::examineVersion() {
    if (wantedValidator_.empty()) {
        return;
    }
    const auto version = response_.versionAgainst(wantedValidator_);
    if (version == HttpResponse::Version::Other) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "the file on the server changed");
    }
    if (version == HttpResponse::Version::OtherCoding) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent a part of the file compressed with '" +
                                                    response_.coding() +
                                                    "', and the bytes before it were not");
    }
    validator_ = version == HttpResponse::Version::Same ? wantedValidator_ : "";
}

// Some servers limit the length of a part. The host then asks for the next one, unless it wanted this length.
void CurlSession::examinePartEnd(std::uint64_t last) {
    const auto wanted =
        length_ ? std::min(offset_ + *length_, size_.value_or(UINT64_MAX)) - 1 : std::uint64_t{0};
    if (last < wanted) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent the file up to byte " + std::to_string(last) +
                                                    " where it was requested up to " +
                                                    std::to_string(wanted));
    }
    partEnd_ = last + 1;
}

// A server answers 416 to a request that begins exactly at the end of the file.
void CurlSession::examineUnsatisfiableRange() {
    const auto range = parseContentRange(response_.contentRange);
    if (range && range->total && *range->total > offset_) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "server refuses to send the file from byte " +
                                                 std::to_string(offset_) + " of " +
                                                 std::to_string(*range->total));
    }
    if (!range || range->total != offset_) {
        throw Failure(BOOTFERRY_ERROR_RANGE,
                      "byte " + std::to_string(offset_) + " is beyond the end of the file on the server");
    }
    size_ = offset_;
    validator_.clear(); // the ETag of an error response is not the file's
    nothingLeft_ = true;
}

// A cache that makes the answer for a range one for the whole file.
void CurlSession::requireNoPart() const {
    if (response_.hasParts) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      "server sent parts of the file (multipart/byteranges) as all of it");
    }
    const auto range = parseContentRange(response_.contentRange);
    if (range && range->first && (*range->first > 0 || (range->total && *range->last + 1 < *range->total))) {
        throw Failure(
            BOOTFERRY_ERROR_PROTOCOL,
            "server sent a part of the file as all of it (Content-Range: " + response_.contentRange + ")");
    }
}

// From HTTP/2 on, a server may reset a stream with NO_ERROR after the whole answer (RFC 9113, section 8.1),
// and libcurl does not distinguish such a reset from an end: only a length shows that nothing is missing.
void CurlSession::requireVisibleEnd() const {
    long version = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
    if (!size_ && version >= CURL_HTTP_VERSION_2_0) {
        throw Failure(
            BOOTFERRY_ERROR_PROTOCOL,
            "server sent the file without its length over HTTP/2 or later, where a cut cannot be told from "
            "the end (leave out curl's option http2, or its like)");
    }
    if (endsWithConnection() && !isEncrypted()) { // a notice ends TLS, see isCutInTls()
        host().log(
            BOOTFERRY_LOG_WARNING,
            "the server announced no length: a cut cannot be told from the end, only a checksum shows it");
    }
}

// A body that only the end of the connection ends.
bool CurlSession::endsWithConnection() const {
    long version = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
    return !size_ && !response_.isChunked && !isFtp_ && !isTftp_ && version < CURL_HTTP_VERSION_2_0;
}

bool CurlSession::isEncrypted() const {
    return schemeOf(askedUrl_) == "https";
}

bool CurlSession::isCutInTls() const {
    return endsWithConnection() && isEncrypted() && !tlsEnd_.noticed();
}

// The server said that it keeps the connection, and closed it: asked for the rest, it says whether there is
// one. A server that offers no ranges would send the whole file again, for ever.
bool CurlSession::isEndInDoubt() const {
    return endsWithConnection() && response_.keepsConnection && response_.offersRanges && resumable_;
}

void CurlSession::examineFtp() {
    curl_off_t left = -1;
    curl_off_t modified = -1;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &left);
    curl_easy_getinfo(easy_.get(), CURLINFO_FILETIME_T, &modified);
    if (done_ && received_ == 0) {
        // No transfer began: the length is still that of the whole file, if the server reported it.
        size_ = left >= 0 ? static_cast<std::uint64_t>(left) : offset_;
    } else if (left >= 0) {
        size_ = offset_ + static_cast<std::uint64_t>(left);
    }
    if (modified >= 0 && size_) {
        validator_ = std::to_string(modified) + "-" + std::to_string(*size_);
    }
    if (!wantedValidator_.empty() && validator_ != wantedValidator_) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "the file on the server changed");
    }
}

// The size is known if the server answered the option tsize (RFC 2349).
void CurlSession::examineTftp() {
    curl_off_t size = -1;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    if (size >= 0) {
        size_ = static_cast<std::uint64_t>(size);
    }
}

} // namespace bootferry::curl
