// SPDX-License-Identifier: LGPL-2.1-or-later
// Examines the end of a body: is it complete, was it cut, or did more arrive than was announced?
#include "curl_session.h"

#include <thread>

#include "url_text.h"

namespace bootferry::curl {

using plugin::Failure;

void CurlSession::examineEnd() {
    if (rejected_) {
        throw *rejected_;
    }
    if (isFtp_ && tlsEnd_.hasSurplus()) {
        throw surplus();
    }
    const auto end = transferEnd();
    if (result_ != CURLE_OK) {
        throw failureOf(end);
    }
    if (const auto expected = partEnd_ ? partEnd_ : size_;
        (expected && end.position != *expected) || isCutInTls() || isEndInDoubt()) {
        auto cut = end;
        cut.unnoticed = isCutInTls();
        cut.isInDoubt = isEndInDoubt();
        cut.result = CURLE_PARTIAL_FILE;
        cut.isHonest = isTftp_; // a block that is not full is the end
        cut.responseCode = 0;
        throw failureOf(cut);
    }
    // With chunks, the last one shows that the body is complete. Without them, the connection may have been
    // cut.
    if (!size_ && (response_.isChunked || isTftp_)) { // tftp: a block that is not full
        size_ = end.position;
    }
}

// Without a Content-Length only the end of the connection ends a body: it may be longer than the part.
void CurlSession::refuseSurplus(std::size_t count) {
    if (options_.largestFile() > 0 && offset_ + received_ + count > options_.largestFile()) {
        auto larger = transferEnd();
        larger.result = CURLE_FILESIZE_EXCEEDED;
        throw failureOf(larger);
    }
    const auto end = partEnd_ ? partEnd_ : size_;
    if (end && !nothingLeft_ && offset_ + received_ + count > *end) {
        throw surplus();
    }
    // ftp: only the end of the data connection is the end of the file, and the announced size may be wrong
    // (that of a server with numbers of 32 bits). libcurl stops at the size.
    if (isFtp_ && end && offset_ + received_ + count == *end) {
        if (!options_.askForFtpTls() || (tlsEnd_.isWatched() && !hasTlsData())) {
            requireEndOfData(received_ + count);
        } else {
            watchForMoreData();
        }
    }
}

// The first handshake is that of the control connection.
bool CurlSession::hasTlsData() const {
    return tlsEnd_.count() > 1;
}

// libcurl ends TLS next, and for that it reads what is there; see examineEnd().
void CurlSession::watchForMoreData() {
    tlsEnd_.allArrived();
    if (const auto socket = sockets_.ofOpenData(); socket >= 0) {
        (void)afterBody(socket, cancelFd_);
    }
}

Failure CurlSession::surplus() {
    return {BOOTFERRY_ERROR_PROTOCOL, "server sent more bytes than it announced"};
}

// Of the socket that brought exactly these bytes. While more arrive, the kernel's counts differ from look to
// look; they end where its buffer is full.
void CurlSession::requireEndOfData(std::uint64_t received) const {
    const auto socket = sockets_.ofOpenData();
    const auto after = socket < 0 ? AfterBody::Nothing : afterBody(socket, cancelFd_);
    if (after == AfterBody::Reset && !saysComplete(nextLine(sockets_.ofControl(), cancelFd_))) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      authorityOf(url_) +
                          " reset the connection after the announced number of bytes, and does "
                          "not say that these are all");
    }
    if (after != AfterBody::MoreBytes) {
        return;
    }
    constexpr int looks = 100;
    auto taken = takenBytes(socket);
    for (int i = 0; i < looks && !taken && receivedBytes(socket); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        taken = takenBytes(socket);
    }
    if (!taken || *taken >= received) {
        throw surplus();
    }
}

} // namespace bootferry::curl
