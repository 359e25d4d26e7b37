// SPDX-License-Identifier: LGPL-2.1-or-later
// One attempt with libcurl's multi interface, pulled by the host: bytes go straight into the buffer of a read
// that waits; what comes beyond it lands in an overflow of one receive buffer, and then the transfer is
// paused until the host asks again. Memory is bounded, and a steady transfer allocates nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "curl_failure.h"

namespace bootferry_curl {

class Session {
public:
    explicit Session(const bootferry_host& host);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    void open(const bootferry_request& request);
    void info(bootferry_info& info) const;
    [[nodiscard]] std::size_t read(char* buffer, std::size_t length);
    [[nodiscard]] const bootferry_host& host() const { return host_; }

private:
    struct EasyCleanup {
        void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
    };
    struct MultiCleanup {
        void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
    };
    struct ListFree {
        void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
    };

    void configure(const bootferry_request& request);
    void configureResume(const bootferry_request& request);
    void configureTrust();
    void configureLogin();
    void drive(); // until there are bytes, or the end; throws Failure
    [[nodiscard]] bool hasNews(bool learnedBefore) const;
    void finishIfDone();
    void learn();
    void checkHttpAnswer(long status) const;
    [[nodiscard]] bool cancelled() const;

    static std::size_t onBytes(char* bytes, std::size_t size, std::size_t count, void* session) noexcept;
    static std::size_t onHeader(char* bytes, std::size_t size, std::size_t count, void* session) noexcept;
    std::size_t take(const char* bytes, std::size_t count);
    void header(std::string line);

    const bootferry_host& host_;
    std::unique_ptr<CURL, EasyCleanup> easy_;
    std::unique_ptr<CURLM, MultiCleanup> multi_;
    std::unique_ptr<curl_slist, ListFree> headers_;
    std::string hostName_;
    bool ftp_ = false;
    std::uint64_t offset_ = 0;
    std::string wantedValidator_;
    int cancelFd_ = -1;

    char* waiting_ = nullptr; // the reader's buffer, while a read waits
    std::size_t room_ = 0;
    std::size_t filled_ = 0;
    std::vector<char> overflow_;
    std::size_t overflowStart_ = 0;
    bool paused_ = false;
    bool learned_ = false; // the answer's head has been looked at
    bool done_ = false;
    bool ranges_ = false;
    std::string etag_;
    std::string lastModified_;
    std::string contentRange_;
    std::string validator_;
    std::optional<std::uint64_t> size_;
    std::optional<Failure> failure_; // noticed inside a callback
};

} // namespace bootferry_curl
