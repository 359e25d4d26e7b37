// SPDX-License-Identifier: LGPL-2.1-or-later
// RFC 9110 for ranges (section 14) and If-Range (13.1.5); RFC 3659 for FTP's SIZE, MDTM and REST, which
// libcurl speaks for us. A status or a range that is not what was asked for ends the attempt before a byte is
// delivered.
#include "curl_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include <poll.h>
#include <strings.h>
#include <unistd.h>

namespace bootferry_curl {
namespace {

constexpr long receiveBuffer = 512L * 1024;
constexpr int pollMilliseconds = 1000;

// Debian, Arch; Fedora; SUSE; others.
constexpr std::array caBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                               "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
                               "/etc/ssl/cert.pem"};

std::string hostOf(const std::string& url) {
    const auto begin = url.find("://") + 3;
    return url.substr(begin, url.find_first_of("/?", begin) - begin);
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
    std::uint64_t number = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && stopped == text.data() + text.size() ? std::optional(number)
                                                                        : std::nullopt;
}

struct ContentRange {
    std::optional<std::uint64_t> first; // absent: "bytes */SIZE"
    std::optional<std::uint64_t> size;
};

ContentRange parseContentRange(std::string_view text) {
    ContentRange range;
    const auto slash = text.find('/');
    if (!text.starts_with("bytes ") || slash == std::string_view::npos) {
        return range;
    }
    range.size = parseNumber(text.substr(slash + 1));
    range.first = parseNumber(text.substr(6, text.find('-') - 6));
    return range;
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    if (const auto result = curl_easy_setopt(easy, option, value); result != CURLE_OK) {
        throw Failure{BOOTFERRY_ERROR_INTERNAL, 0,
                      std::string("libcurl refuses an option: ") + curl_easy_strerror(result)};
    }
}

} // namespace

Session::Session(const bootferry_host& host)
    : host_(host), easy_(curl_easy_init()), multi_(curl_multi_init()) {
    if (!easy_ || !multi_) {
        throw Failure{BOOTFERRY_ERROR_IO, ENOMEM, "starting libcurl"};
    }
    overflow_.reserve(static_cast<std::size_t>(receiveBuffer));
}

Session::~Session() {
    curl_multi_remove_handle(multi_.get(), easy_.get());
}

void Session::open(const bootferry_request& request) {
    configure(request);
    curl_multi_add_handle(multi_.get(), easy_.get());
    drive();
}

void Session::configure(const bootferry_request& request) {
    const std::string url = request.url;
    hostName_ = hostOf(url);
    ftp_ = url.starts_with("ftp:");
    offset_ = request.offset;
    cancelFd_ = request.cancel_fd;
    wantedValidator_ = request.validator != nullptr ? request.validator : "";
    auto* easy = easy_.get();
    set(easy, CURLOPT_URL, request.url);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_BUFFERSIZE, receiveBuffer);
    set(easy, CURLOPT_WRITEFUNCTION, &onBytes);
    set(easy, CURLOPT_WRITEDATA, this);
    set(easy, CURLOPT_HEADERFUNCTION, &onHeader);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_USERAGENT, "bootferry");
    set(easy, CURLOPT_FILETIME, 1L);
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, 10L);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https,ftp");
    // Never from an encrypted connection to a plain one.
    set(easy, CURLOPT_REDIR_PROTOCOLS_STR, url.starts_with("https:") ? "https" : "http,https");
    configureResume(request);
    configureTrust();
    configureLogin();
}

void Session::configureResume(const bootferry_request& request) {
    if (request.offset == 0) {
        return;
    }
    if (ftp_) {
        set(easy_.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(request.offset));
        return;
    }
    set(easy_.get(), CURLOPT_RANGE, (std::to_string(request.offset) + "-").c_str());
    if (!wantedValidator_.empty()) {
        headers_.reset(curl_slist_append(nullptr, ("If-Range: " + wantedValidator_).c_str()));
        set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    }
}

void Session::configureTrust() {
    const auto* bundle = std::find_if(caBundles.begin(), caBundles.end(),
                                      [](const char* path) { return ::access(path, R_OK) == 0; });
    if (bundle != caBundles.end()) {
        set(easy_.get(), CURLOPT_CAINFO, *bundle);
    }
    if (const char* pem = host_.credential(host_.context, "cacert")) {
        curl_blob blob{.data = const_cast<char*>(pem), .len = std::strlen(pem), .flags = CURL_BLOB_COPY};
        set(easy_.get(), CURLOPT_CAINFO_BLOB, &blob);
    }
}

void Session::configureLogin() {
    if (const char* user = host_.credential(host_.context, "user")) {
        set(easy_.get(), CURLOPT_USERNAME, user);
        const char* password = host_.credential(host_.context, "password");
        set(easy_.get(), CURLOPT_PASSWORD, password != nullptr ? password : "");
    }
}

bool Session::cancelled() const {
    pollfd entry{.fd = cancelFd_, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) > 0;
}

bool Session::hasNews(bool learnedBefore) const {
    return filled_ > 0 || overflowStart_ < overflow_.size() || done_ || learned_ != learnedBefore;
}

void Session::drive() {
    const auto before = learned_;
    while (!hasNews(before)) {
        if (cancelled()) {
            throw Failure{BOOTFERRY_ERROR_CANCELLED, 0, "cancelled"};
        }
        if (std::exchange(paused_, false)) {
            curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
        }
        int running = 0;
        curl_multi_perform(multi_.get(), &running);
        finishIfDone();
        if (!hasNews(before)) {
            curl_waitfd cancel{.fd = cancelFd_, .events = CURL_WAIT_POLLIN, .revents = 0};
            curl_multi_poll(multi_.get(), &cancel, 1, pollMilliseconds, nullptr);
        }
    }
    // What came before a connection broke is delivered first: it need not be fetched again.
    if (failure_ && filled_ == 0 && overflowStart_ == overflow_.size()) {
        throw *failure_;
    }
}

void Session::finishIfDone() {
    int left = 0;
    const auto* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr) {
        return;
    }
    done_ = true;
    if (!failure_ && message->data.result != CURLE_OK) {
        failure_ = failureOf(easy_.get(), message->data.result, hostName_, ftp_);
    }
    if (!failure_ && !learned_) {
        learn(); // an answer without a body
    }
}

// The answer's head is complete: is it what was asked for?
void Session::learn() {
    curl_off_t length = -1;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0) {
        size_ = offset_ + static_cast<std::uint64_t>(length);
    }
    if (ftp_) {
        curl_off_t time = -1;
        curl_easy_getinfo(easy_.get(), CURLINFO_FILETIME_T, &time);
        if (time >= 0 && size_) {
            validator_ = std::to_string(time) + ":" + std::to_string(*size_);
        }
        ranges_ = true;
    } else {
        long status = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        validator_ = !etag_.empty() && !etag_.starts_with("W/") ? etag_ : lastModified_;
        checkHttpAnswer(status);
    }
    if (!wantedValidator_.empty() && validator_ != wantedValidator_) {
        throw Failure{BOOTFERRY_ERROR_RANGE, 0, "the source changed"};
    }
    learned_ = true;
}

void Session::checkHttpAnswer(long status) const {
    const auto range = parseContentRange(contentRange_);
    if (offset_ > 0 && status == 416 && range.size == offset_) {
        return; // asked for what lies behind the last byte: nothing
    }
    if (status >= 400) {
        throw failureOfHttpStatus(easy_.get(), status);
    }
    if (offset_ > 0 && (status != 206 || range.first != offset_)) {
        throw Failure{BOOTFERRY_ERROR_RANGE, 0, "the server does not resume, or the source changed"};
    }
    if (offset_ == 0 && status != 200) {
        throw Failure{BOOTFERRY_ERROR_PROTOCOL, 0,
                      "server answered " + std::to_string(status) + " without a body"};
    }
}

void Session::info(bootferry_info& info) const {
    info.size = size_.value_or(BOOTFERRY_SIZE_UNKNOWN);
    info.flags = ranges_ ? BOOTFERRY_INFO_RESUMABLE : 0;
    info.validator = validator_.empty() ? nullptr : validator_.c_str();
}

std::size_t Session::read(char* buffer, std::size_t length) {
    if (overflowStart_ == overflow_.size()) {
        waiting_ = buffer;
        room_ = length;
        filled_ = 0;
        drive();
        waiting_ = nullptr;
        return std::exchange(filled_, 0);
    }
    const auto count = std::min(length, overflow_.size() - overflowStart_);
    std::memcpy(buffer, overflow_.data() + overflowStart_, count);
    overflowStart_ += count;
    if (overflowStart_ == overflow_.size()) {
        overflow_.clear();
        overflowStart_ = 0;
    }
    return count;
}

std::size_t Session::onBytes(char* bytes, std::size_t size, std::size_t count, void* session) noexcept {
    auto& self = *static_cast<Session*>(session);
    try {
        return self.take(bytes, size * count);
    } catch (const Failure& failure) {
        self.failure_ = failure;
    } catch (...) {
        self.failure_ = Failure{BOOTFERRY_ERROR_IO, ENOMEM, "receiving"};
    }
    return size * count + 1; // libcurl ends the transfer
}

std::size_t Session::take(const char* bytes, std::size_t count) {
    if (!learned_) {
        learn();
    }
    if (overflowStart_ < overflow_.size()) {
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    const auto direct = waiting_ != nullptr ? std::min(count, room_ - filled_) : 0;
    if (direct > 0) {
        std::memcpy(waiting_ + filled_, bytes, direct);
        filled_ += direct;
    }
    overflow_.assign(bytes + direct, bytes + count);
    overflowStart_ = 0;
    return count;
}

std::size_t Session::onHeader(char* bytes, std::size_t size, std::size_t count, void* session) noexcept {
    try {
        static_cast<Session*>(session)->header(std::string(bytes, size * count));
        return size * count;
    } catch (...) {
        return 0;
    }
}

void Session::header(std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) {
        line.pop_back();
    }
    if (line.starts_with("HTTP/")) { // a new answer, after a redirect for one
        etag_.clear();
        lastModified_.clear();
        contentRange_.clear();
        ranges_ = false;
        return;
    }
    const auto colon = line.find(':');
    if (ftp_ || colon == std::string::npos) {
        return;
    }
    const auto begin = line.find_first_not_of(' ', colon + 1);
    const auto value = begin != std::string::npos ? line.substr(begin) : "";
    const auto name = line.substr(0, colon);
    if (::strcasecmp(name.c_str(), "etag") == 0) {
        etag_ = value;
    } else if (::strcasecmp(name.c_str(), "last-modified") == 0) {
        lastModified_ = value;
    } else if (::strcasecmp(name.c_str(), "content-range") == 0) {
        contentRange_ = value;
        ranges_ = true;
    } else if (::strcasecmp(name.c_str(), "accept-ranges") == 0) {
        ranges_ = value == "bytes";
    }
}

} // namespace bootferry_curl
