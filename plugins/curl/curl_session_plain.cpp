// SPDX-License-Identifier: LGPL-2.1-or-later
// The session's bypass of libcurl. Collects what libcurl and the kernel report about the answer;
// plain_answer.h decides, and plain_body.h gives the reasons.
#include "curl_session.h"

#include <utility>

#include <unistd.h>

#include "url_text.h"

namespace bootferry::curl {

AnswerFacts CurlSession::answerFacts() const {
    auto* easy = easy_.get();
    AnswerFacts facts;
    facts.isFtp = isFtp_;
    const char* text = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text != nullptr) {
        facts.url = text;
    }
    text = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_SCHEME, &text) == CURLE_OK && text != nullptr) {
        facts.scheme = text;
    }
    facts.mayUseTls = isFtp_ && options_.askForFtpTls();
    const curl_tlssessioninfo* tls = nullptr;
    facts.hasTlsSession = curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr ||
                          tls->internals != nullptr;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &facts.connectStatus);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &facts.httpVersion);
    facts.isCoded = response_.hasTransferCoding || response_.hasContentCoding;
    curl_off_t framed = -1;
    if (curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &framed) == CURLE_OK && framed >= 0) {
        facts.framedLength = static_cast<std::uint64_t>(framed);
    }
    if (size_ && *size_ >= offset_) {
        facts.wantedLength = *size_ - offset_;
    }
    return facts;
}

std::optional<std::string_view> CurlSession::whyNotPastLibcurl() const {
    if constexpr (BOOTFERRY_TAKE_OVER == 0) { // the build option take-over
        return "this build reads nothing past libcurl";
    }
    if (length_) {
        return "the connection is kept for the next part";
    }
    if (options_.needPacing()) {
        return "an option limits the time or the rate";
    }
    return whyLibcurlReads(answerFacts());
}

// Called with the first piece of the body, before libcurl reads more from the socket.
void CurlSession::stopForPlainBody() {
    if (const auto reason = whyNotPastLibcurl()) {
        host().log(BOOTFERRY_LOG_DEBUG, "the body is read by libcurl: " + std::string(*reason));
        return;
    }
    stopped_ = paused_ = true;
    curl_easy_pause(easy_.get(), CURLPAUSE_RECV);
}

void CurlSession::takeOverPlainBody() {
    if (!stopped_ || !paused_ || done_) {
        return;
    }
    if (*size_ - offset_ <= received_) {
        return; // the first piece was the whole body
    }
    const auto left = *size_ - offset_ - received_;
    plain_ = isFtp_ ? PlainBody::takeOver(sockets_.ofData(), received_, left)
                    : PlainBody::takeOver(sockets_.ofRequest(),
                                          sockets_.takenBefore() + headBytes_ + received_, left);
    host().log(BOOTFERRY_LOG_DEBUG, plain_
                                        ? "the body is read past libcurl"
                                        : "the body is read by libcurl: not all that came was handed over");
}

std::size_t CurlSession::readPlain(std::span<std::byte> into) {
    return receivePlain([&] { return plain_->read(into, cancelFd_); });
}

std::size_t CurlSession::splice(int pipe, std::size_t most) {
    return receivePlain([&] { return plain_->splice(pipe, most, cancelFd_); });
}

template <typename Receive>
std::size_t CurlSession::receivePlain(Receive call) {
    if (plain_->left() == 0) {
        if (isFtp_ && !std::exchange(endSeen_, true)) {
            requireEndOfData(received_);
        }
        return 0;
    }
    const auto count = call();
    received_ += count;
    if (count == 0) {
        if (isFtp_) {
            endReply_ = nextLine(sockets_.ofControl(), cancelFd_);
        }
        auto cut = transferEnd();
        cut.result = CURLE_PARTIAL_FILE;
        cut.responseCode = 0;
        cut.osErrno = plain_->brokenBy();
        cut.isHonest = isFtp_ && cut.osErrno == 0 && saysComplete(endReply_);
        throw failureOf(cut);
    }
    return count;
}

// Opens the socket as libcurl does by default. CURLINFO_ACTIVESOCKET is not set before the end of a transfer.
curl_socket_t CurlSession::openSocket(void* context, curlsocktype, curl_sockaddr* address) noexcept {
    const auto opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    try {
        static_cast<CurlSession*>(context)->sockets_.opened(opened);
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): then libcurl reads the body
    }
    return opened;
}

int CurlSession::acceptedSocket(void* context, curl_socket_t socket, curlsocktype purpose) noexcept {
    if (purpose == CURLSOCKTYPE_ACCEPT) {
        static_cast<CurlSession*>(context)->sockets_.accepted(socket);
    }
    return CURL_SOCKOPT_OK;
}

// libcurl closes both connections of an FTP transfer that ended early, and does not read the reply about it.
// The data connection is the first, in active mode without a report. Not seen is a reply that came together
// with the one about the beginning: that is in a buffer of libcurl's.
int CurlSession::closeSocket(void* context, curl_socket_t socket) noexcept {
    auto& session = *static_cast<CurlSession*>(context);
    const bool endsEarly = session.examined_ && session.size_ && !session.rejected_ &&
                           session.offset_ + session.received_ < *session.size_;
    if (endsEarly && !session.leaving_ && session.endReply_.empty()) {
        try {
            session.endReply_ = nextLine(session.sockets_.ofControl(), session.cancelFd_);
        } catch (...) { // NOLINT(bugprone-empty-catch): then it is an early end like any other
        }
    }
    return close(socket);
}

int CurlSession::beforeRequest(void* context, char* remoteAddress, char* localAddress, int remotePort,
                               int localPort) noexcept {
    auto& session = *static_cast<CurlSession*>(context);
    session.headBytes_ = 0;
    if (session.response_.hasStatusLine) { // the end of a connection that has answered, as with a redirect
        session.goaway_.reset();
    }
    session.response_ = {};
    session.isFtp_ = session.isFtp_ && !session.connectionSpeaks("http");
    try {
        const char* url = nullptr;
        curl_easy_getinfo(session.easy_.get(), CURLINFO_EFFECTIVE_URL, &url);
        session.askedUrl_ = url != nullptr ? url : session.url_;
        if (!session.length_) { // not for each part of a file
            session.host().log(BOOTFERRY_LOG_DEBUG, "requesting " + shownUrl(session.askedUrl_) + " from " +
                                                        remoteAddress + " port " +
                                                        std::to_string(remotePort));
        }
        session.sockets_.announced({localAddress, localPort, remoteAddress, remotePort});
    } catch (const std::bad_alloc&) {
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

} // namespace bootferry::curl
