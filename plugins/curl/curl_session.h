// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt with libcurl, driven by the reader. The multi interface runs only inside open() and read();
// bytes go straight into the reader's buffer. Surplus bytes go into one buffer allocated by open(), and the
// transfer pauses until that is empty again: memory is bounded, and nothing is allocated during the transfer.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer_sockets.h"
#include "curl_handles.h"
#include "curl_options.h"
#include "ftp_reply.h"
#include "host.h"
#include "http_failure.h"
#include "http_response.h"
#include "limit_rate_option.h"
#include "plain_answer.h"
#include "plain_body.h"
#include "tls_end.h"
#include "transfer_failure.h"

namespace bootferry::curl {

class CurlSession : public plugin::Session {
public:
    explicit CurlSession(plugin::Host host);
    CurlSession(const CurlSession&) = delete;
    CurlSession& operator=(const CurlSession&) = delete;
    ~CurlSession() override;

    void setOption(const std::string& key, const std::string& value) override;
    void open(const bootferry_request& request) override;
    plugin::Info info() override;
    std::size_t read(void* buffer, std::size_t size) override;
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most);

private:
    void configureDefaults();
    void configure(const bootferry_request& request);
    void configureTrust();
    void configureLogin();
    void configureHttp();
    [[nodiscard]] std::string rangeText() const; // of the Range header; empty: none
    void configureFtp();
    void watchDebugText();
    void configureTftp(bool isElsewhere);
    void pump(); // until there are bytes or the end
    void collectResult();
    void askWithoutTftpOptions(); // once more
    void throwIfCancelled() const;
    void throwIfCancelledWithin(std::chrono::milliseconds time) const;
    [[nodiscard]] std::size_t readWithoutLimit(std::span<std::byte> into);
    [[nodiscard]] std::string connectionKey() const;

    // Checks, at the first byte or the end, that the answer matches the request.
    // page: the first bytes of the body.
    void examineAnswer(std::string_view page = {});
    [[nodiscard]] bool connectionSpeaks(const char* scheme) const;
    void examineHttp(std::string_view page);
    [[nodiscard]] std::optional<ProxyInUse> forwardingProxy() const;
    [[nodiscard]] std::string answerers() const;
    [[nodiscard]] HttpRefusal httpRefusal(long status, bool ofProxy, std::string_view page = {}) const;
    void examinePartialContent();
    void examineVersion();
    void requireNoPart() const;
    void requireVisibleEnd() const;
    void examinePartEnd(std::uint64_t last);
    void examineUnsatisfiableRange();
    void examineFtp();
    void examineTftp();
    void examineEnd();
    [[nodiscard]] bool endsWithConnection() const;
    [[nodiscard]] bool isEncrypted() const;
    [[nodiscard]] bool isCutInTls() const;
    [[nodiscard]] bool isEndInDoubt() const;
    void refuseSurplus(std::size_t count); // of bytes that arrived
    [[nodiscard]] static plugin::Failure surplus();
    void requireEndOfData(std::uint64_t received) const; // ftp, after the last byte
    [[nodiscard]] bool hasTlsData() const;               // ftp
    void watchForMoreData();                             // ftp, in TLS

    [[nodiscard]] TransferEnd transferEnd() const;
    [[nodiscard]] std::optional<ProxyInUse> proxyInUse() const;
    // PlainBody reads a body that TCP carries unencoded, under the conditions listed there
    // (curl_session_plain.cpp).
    void stopForPlainBody();
    void takeOverPlainBody();
    [[nodiscard]] std::optional<std::string_view> whyNotPastLibcurl() const;
    [[nodiscard]] AnswerFacts answerFacts() const;
    [[nodiscard]] std::size_t readPlain(std::span<std::byte> into);
    template <typename Receive>
    std::size_t receivePlain(Receive call);
    static curl_socket_t openSocket(void* session, curlsocktype purpose, curl_sockaddr* address) noexcept;
    static int acceptedSocket(void* session, curl_socket_t socket, curlsocktype purpose) noexcept;
    static int closeSocket(void* session, curl_socket_t socket) noexcept;
    static int beforeRequest(void* session, char* remoteAddress, char* localAddress, int remotePort,
                             int localPort) noexcept;

    [[nodiscard]] std::size_t takeOverflow(std::span<std::byte> into);
    [[nodiscard]] std::size_t deliver(std::span<const std::byte> bytes);
    void noteTftpText(std::string_view line);
    static int onDebugText(CURL* easy, curl_infotype type, char* text, std::size_t size,
                           void* session) noexcept;
    static int onProgress(void* session, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
    static std::size_t onBody(char* bytes, std::size_t size, std::size_t count, void* session) noexcept;
    static std::size_t onHeader(char* line, std::size_t size, std::size_t count, void* session) noexcept;

    EasyHandle easy_;
    CurlOptions options_; // owns lists that the handle points to; its destructor does not use the handle
    MultiHandle multi_;
    std::array<char, CURL_ERROR_SIZE> errorText_{};
    int cancelFd_ = -1;

    std::string optionText_; // all options set, in order
    std::string url_;
    std::string askedUrl_; // of the newest request; empty: none was sent
    bool isFtp_ = false;   // false as well for an ftp URL that an HTTP proxy serves
    bool isTftp_ = false;
    std::uint64_t offset_ = 0;
    std::optional<std::uint64_t> length_; // of the requested part, one of many (http)
    std::string wantedValidator_;

    HttpResponse response_;
    FtpReply ftpReply_;
    bool asksForSize_ = false;            // the last command
    std::string endReply_;                // to a transfer that ended early, where libcurl reads no reply
    std::string tftpError_;               // the server's words
    std::string tftpRefusal_;             // libcurl's, of an answer that it does not accept
    std::optional<std::uint32_t> goaway_; // the code with which the server ended a connection (HTTP/2)
    bool examined_ = false;
    std::optional<plugin::Failure> rejected_; // why the transfer was aborted

    std::optional<std::uint64_t> size_;
    std::optional<std::uint64_t> partEnd_; // of the part being sent, as an offset in the file
    std::string validator_;
    bool resumable_ = false;
    bool ranges_ = false; // the server supports requests for parts

    std::span<std::byte> sink_; // the free rest of the reader's buffer; empty between reads
    std::uint64_t received_ = 0;
    std::vector<std::byte> overflow_;
    std::size_t overflowFirst_ = 0;
    std::size_t overflowEnd_ = 0;
    bool paused_ = false;
    AnswerSockets sockets_;
    std::uint64_t headBytes_ = 0; // of the newest request's answer
    TlsEnd tlsEnd_;
    bool stopped_ = false; // in the first piece of a body that may be plain
    std::optional<PlainBody> plain_;
    std::optional<LimitRateOption> limitRate_; // from the first read on
    bool nothingLeft_ = false;                 // the server reported that the offset is the end
    bool leaving_ = false;                     // in the destructor
    bool endSeen_ = false;                     // of the data connection (ftp)
    bool done_ = false;
    CURLcode result_ = CURLE_OK;
};

} // namespace bootferry::curl
