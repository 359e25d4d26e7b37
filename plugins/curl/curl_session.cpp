// SPDX-License-Identifier: LGPL-2.1-or-later
// The course of a transfer: configure, pump until the first byte arrives, examine the answer, then pump on
// demand.
#include "curl_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include <poll.h>

#include "ascii_text.h"
#include "http2_goaway.h"
#include "idle_connections.h"
#include "other_protocol.h"
#include "proxy_url.h"
#include "url_text.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

constexpr std::uint64_t longestTrailer = 100'000;
constexpr int longestPoll = 1000; // milliseconds; libcurl's own timers shorten it

// What libcurl says of an answer that it does not accept, among other lines (lib/tftp.c). Its error buffer
// has something else.
bool isTftpRefusal(std::string_view line) {
    for (const auto* words : {"OACK packet", "blksize is ", "server requested blksize", "too short packet"}) {
        if (line.find(words) != std::string_view::npos &&
            line.find("parsed from") == std::string_view::npos) {
            return true;
        }
    }
    return false;
}

// libcurl takes the size of an empty file for an error of the server.
bool saysEmpty(std::string_view tftpRefusal) {
    return tftpRefusal.starts_with("invalid tsize -:0:-");
}

} // namespace

CurlSession::CurlSession(plugin::Host host)
    : Session(host), easy_(curl_easy_init()), options_(easy_.get(), host), multi_(curl_multi_init()) {
    if (!easy_ || !multi_) {
        throw std::bad_alloc();
    }
    configureDefaults();
}

CurlSession::~CurlSession() {
    leaving_ = true;
    const bool wasTakenOver = plain_.has_value();
    plain_.reset();                                      // before libcurl closes its socket
    curl_multi_remove_handle(multi_.get(), easy_.get()); // harmless if it was never added
    if (length_ && done_ && result_ == CURLE_OK && !rejected_ && !wasTakenOver) {
        IdleConnections::ofThisProcess().keep(connectionKey(), std::move(multi_));
    }
    multi_.reset(); // closes its connections, see closeSocket()
}

void CurlSession::setOption(const std::string& key, const std::string& value) {
    options_.set(key, value);
    optionText_ += key + '=' + value + '\0';
}

// Only a session that would have opened the same connection reuses it. libcurl compares many settings itself,
// but not the addresses that options assign to names, and future versions may add settings that it does not
// compare.
std::string CurlSession::connectionKey() const {
    auto key = schemeOf(url_) + "://" + authorityOf(url_) + '\0' + optionText_;
    for (const char* name : {"cacert", "user", "password"}) {
        key += host().credential(name).value_or("") + '\0';
    }
    return key;
}

void CurlSession::open(const bootferry_request& request) {
    cancelFd_ = request.cancel_fd;
    throwIfCancelled();
    configure(request);
    if (length_) {
        multi_ = IdleConnections::ofThisProcess().take(connectionKey());
    }
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) {
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libcurl refused the transfer");
    }
    const kit::SignalsBlocked blocked; // also for the threads that libcurl starts: its resolver
    pump();
    if (done_ && isTftp_ && result_ == CURLE_TFTP_ILLEGAL && saysEmpty(tftpRefusal_)) {
        askWithoutTftpOptions();
        pump();
    }
    if (done_ && !examined_ && !rejected_) {
        // libcurl ends an HTTP answer from the wrong byte before it hands over its body.
        const bool isAnswer = result_ == CURLE_RANGE_ERROR && response_.hasStatusLine;
        if (result_ != CURLE_OK && !isAnswer) {
            throw failureOf(transferEnd());
        }
        examineAnswer();
    }
    if (rejected_) {
        throw *rejected_;
    }
    takeOverPlainBody();
}

// Without the size the server sends what there is, and the last block ends it: an empty file, or one whose
// server does not know its size.
void CurlSession::askWithoutTftpOptions() {
    curl_multi_remove_handle(multi_.get(), easy_.get());
    curl_easy_setopt(easy_.get(), CURLOPT_TFTP_NO_OPTIONS, 1L);
    done_ = false;
    result_ = CURLE_OK;
    tftpRefusal_.clear();
    errorText_.fill('\0');
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) {
        throw Failure(BOOTFERRY_ERROR_INTERNAL, "libcurl refused the transfer");
    }
}

void CurlSession::throwIfCancelled() const {
    throwIfCancelledWithin(std::chrono::milliseconds(0));
}

void CurlSession::throwIfCancelledWithin(std::chrono::milliseconds time) const {
    if (cancelFd_ < 0 && time.count() == 0) {
        return;
    }
    pollfd cancel{.fd = cancelFd_, .events = POLLIN, .revents = 0}; // poll ignores a descriptor of -1
    if (poll(&cancel, 1, static_cast<int>(time.count())) > 0) {
        throw Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
    }
}

void CurlSession::pump() {
    const auto before = received_;
    curl_waitfd cancel{.fd = cancelFd_, .events = CURL_WAIT_POLLIN, .revents = 0};
    for (;;) {
        throwIfCancelled();
        int running = 0;
        if (const auto code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK) {
            throw Failure(BOOTFERRY_ERROR_INTERNAL, std::string("libcurl: ") + curl_multi_strerror(code));
        }
        collectResult();
        if (done_ || received_ > before) {
            return;
        }
        curl_multi_poll(multi_.get(), &cancel, cancelFd_ >= 0 ? 1 : 0, longestPoll, nullptr);
    }
}

void CurlSession::collectResult() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg == CURLMSG_DONE) {
            done_ = true;
            // The body of a 416 at the end of the file is refused on purpose.
            result_ = nothingLeft_ ? CURLE_OK : message->data.result;
        }
    }
}

std::size_t CurlSession::takeOverflow(std::span<std::byte> into) {
    const auto count = std::min(into.size(), overflowEnd_ - overflowFirst_);
    std::memcpy(into.data(), overflow_.data() + overflowFirst_, count);
    overflowFirst_ += count;
    if (overflowFirst_ == overflowEnd_) {
        overflowFirst_ = overflowEnd_ = 0;
    }
    return count;
}

std::size_t CurlSession::read(void* buffer, std::size_t size) {
    const std::span into(static_cast<std::byte*>(buffer), size);
    if (!limitRate_) {
        limitRate_.emplace(options_.rate());
    }
    throwIfCancelledWithin(limitRate_->wait());
    const auto count = readWithoutLimit(into.first(limitRate_->most(into.size())));
    limitRate_->count(count);
    return count;
}

std::size_t CurlSession::readWithoutLimit(std::span<std::byte> into) {
    if (overflowEnd_ > 0) {
        return takeOverflow(into);
    }
    if (plain_) {
        return readPlain(into);
    }
    sink_ = into;
    struct SinkGone {
        std::span<std::byte>& sink;
        ~SinkGone() { sink = {}; }
    } const gone{sink_};
    if (paused_ && !done_) {
        paused_ = false;
        curl_easy_pause(easy_.get(), CURLPAUSE_CONT); // may deliver at once
    }
    if (sink_.size() == into.size() && !done_) {
        pump();
    }
    const auto count = into.size() - sink_.size();
    if (count == 0) {
        examineEnd();
    }
    return count;
}

plugin::Info CurlSession::info() {
    plugin::Info info;
    info.flags = (resumable_ ? BOOTFERRY_INFO_RESUMABLE : 0) |
                 (plain_ && overflowEnd_ == 0 ? BOOTFERRY_INFO_SPLICEABLE : 0) |
                 (ranges_ ? BOOTFERRY_INFO_RANGES : 0) | (isFtp_ ? BOOTFERRY_INFO_OFFSET_NOT_SHOWN : 0) |
                 (!isFtp_ && isStrongValidator(validator_) ? BOOTFERRY_INFO_STRONG_VALIDATOR : 0);
    info.size = size_.value_or(BOOTFERRY_SIZE_UNKNOWN);
    info.validator = validator_;
    curl_off_t modified = -1;
    if (curl_easy_getinfo(easy_.get(), CURLINFO_FILETIME_T, &modified) == CURLE_OK && modified > 0) {
        info.modified = modified;
    }
    long redirects = 0;
    const char* effective = nullptr;
    if (curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_COUNT, &redirects) == CURLE_OK && redirects > 0 &&
        curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &effective) == CURLE_OK &&
        effective != nullptr) {
        info.location = effective;
    }
    return info;
}

// nullopt as well if the host may be exempt from it.
std::optional<ProxyInUse> CurlSession::proxyInUse() const {
    if (isTftp_ || options_.has("noproxy") || options_.connectElsewhere() || environmentExemptsHosts()) {
        return std::nullopt;
    }
    return options_.proxy() ? options_.proxy()
                            : proxyOfEnvironment(schemeOf(askedUrl_.empty() ? url_ : askedUrl_));
}

TransferEnd CurlSession::transferEnd() const {
    TransferEnd end;
    end.result = result_;
    end.detail = errorText_.data();
    end.reply = isTftp_ ? tftpError_ : ftpReply_.text();
    end.tftpRefusal = tftpRefusal_;
    end.goaway = goaway_;
    const char* effective = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &effective);
    end.authority = authorityOf(effective != nullptr ? effective : url_);
    end.host = hostOf(end.authority);
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &end.responseCode);
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &end.osErrno);
    curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &end.verifyResult);
    end.isFtp = isFtp_;
    end.isTftp = isTftp_;
    end.isHonest = isFtp_ && result_ == CURLE_PARTIAL_FILE && saysComplete(endReply_);
    end.lateReply = refusalIn(endReply_);
    end.response = response_;
    end.askedUrl = askedUrl_;
    end.place = hostAndPortOf(effective != nullptr ? effective : url_);
    if (!options_.nameProxy()) {
        end.proxyVariable = proxyVariable(schemeOf(effective != nullptr ? effective : url_)).value_or("");
    }
    end.connectsElsewhere = options_.connectElsewhere();
    end.proxy = proxyInUse();
    end.wantsHttp2 = options_.has("http2-prior-knowledge");
    long connected = 0;
    long socks = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &connected);
    curl_easy_getinfo(easy_.get(), CURLINFO_PROXY_ERROR, &socks);
    end.connect = httpRefusal(connected, true);
    end.socksError = static_cast<CURLproxycode>(socks);
    end.redirectsAreChosen = options_.chooseRedirects();
    end.resumes = offset_ > 0;
    end.position = offset_ + received_;
    end.size = size_;
    end.now = std::time(nullptr);
    return end;
}

std::size_t CurlSession::deliver(std::span<const std::byte> bytes) {
    const auto straight = std::min(sink_.size(), bytes.size());
    const auto rest = bytes.size() - straight;
    if (rest > overflow_.size() - overflowEnd_) {
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE; // libcurl keeps these bytes and delivers them again
    }
    std::copy_n(bytes.begin(), straight, sink_.begin()); // before the first read() there is no sink
    sink_ = sink_.subspan(straight);
    if (rest > 0) {
        std::memcpy(overflow_.data() + overflowEnd_, bytes.data() + straight, rest);
        overflowEnd_ += rest;
        if (!paused_) {
            paused_ = true;
            curl_easy_pause(easy_.get(), CURLPAUSE_RECV);
        }
    }
    received_ += bytes.size();
    return bytes.size();
}

// After the data of ftp, libcurl waits up to a minute for the server's word, within one call.
int CurlSession::onProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    const auto& session = *static_cast<CurlSession*>(context);
    pollfd cancel{.fd = session.cancelFd_, .events = POLLIN, .revents = 0};
    return session.cancelFd_ >= 0 && poll(&cancel, 1, 0) > 0 ? 1 : 0;
}

std::size_t CurlSession::onBody(char* bytes, std::size_t size, std::size_t count, void* context) noexcept {
    auto& session = *static_cast<CurlSession*>(context);
    try {
        if (!session.examined_) {
            session.examineAnswer(std::string_view(bytes, size * count));
            session.stopForPlainBody();
        }
        session.refuseSurplus(size * count);
    } catch (const Failure& failure) {
        session.rejected_ = failure;
    } catch (...) {
        session.rejected_ = Failure(BOOTFERRY_ERROR_IO, "out of memory");
    }
    if (session.rejected_ || session.nothingLeft_) {
        return 0; // the body of an error page: libcurl then ends the transfer
    }
    return session.deliver({reinterpret_cast<const std::byte*>(bytes), size * count});
}

void CurlSession::noteTftpText(std::string_view line) {
    constexpr std::string_view mark = "TFTP error: ";
    constexpr std::size_t longest = 300; // the server's words may have more
    if (line.starts_with(mark)) {
        tftpError_ = plugin::trimmed(line.substr(mark.size(), longest));
    } else if (isTftpRefusal(line)) {
        tftpRefusal_ = plugin::trimmed(line.substr(0, longest));
    }
}

int CurlSession::onDebugText(CURL*, curl_infotype type, char* text, std::size_t size,
                             void* context) noexcept {
    const std::string_view line(text, size);
    auto& session = *static_cast<CurlSession*>(context);
    if (session.isFtp_) {
        if (type == CURLINFO_HEADER_OUT) {
            session.asksForSize_ = line.starts_with("SIZE ");
        }
    } else if (type == CURLINFO_TEXT && !session.isTftp_) {
        if (const auto code = goawayCode(line)) {
            session.goaway_ = code;
        }
    } else if (type == CURLINFO_TEXT) {
        try {
            session.noteTftpText(line);
        } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): then the code is reported alone
        }
    }
    return 0;
}

std::size_t CurlSession::onHeader(char* line, std::size_t size, std::size_t count, void* context) noexcept {
    auto& session = *static_cast<CurlSession*>(context);
    try {
        std::string_view text(line, size * count);
        session.headBytes_ += text.size();
        if (session.isFtp_) {
            if (session.ftpReply_.text().empty() && protocolOf(text) == "SSH") {
                throw otherProtocol("FTP", authorityOf(session.url_), text);
            }
            session.ftpReply_.addLine(text);
            const auto reply = text.substr(0, text.find_first_of("\r\n"));
            if (hasImpossibleSize(reply, session.asksForSize_)) {
                session.rejected_ = Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent an impossible size");
                return 0; // libcurl then ends the transfer
            }
        } else {
            session.response_.addHeaderLine(text);
            if (session.response_.trailerBytes > longestTrailer) { // libcurl keeps them all
                session.rejected_ =
                    Failure(BOOTFERRY_ERROR_PROTOCOL, "server sent trailer fields of more than 100 KB");
                return 0;
            }
        }
    } catch (const Failure& failure) {
        session.rejected_ = failure;
        return 0;
    } catch (...) {
        return 0;
    }
    return size * count;
}

} // namespace bootferry::curl
