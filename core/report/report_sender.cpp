// SPDX-License-Identifier: LGPL-2.1-or-later
// libcurl speaks HTTP. It follows no redirect and asks no proxy: a report goes where the command line says.
#include "report_sender.h"

#include <algorithm>
#include <memory>

#include <curl/curl.h>
#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "errors.h"
#include "log.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds interval{5};
constexpr std::chrono::seconds shortest{1}; // between reports that are urgent
constexpr long connectSeconds = 5;
constexpr long postSeconds = 10;

struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListCleanup {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

} // namespace

ReportSender::ReportSender(std::string url, std::string certificates)
    : url_(std::move(url)), certificates_(std::move(certificates)) {
    if (const auto code = curl_global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
        throw Error(ErrorCode::Internal, fmt::format("starting libcurl: {}", curl_easy_strerror(code)));
    }
    thread_ = std::thread([this] { run(); });
}

ReportSender::~ReportSender() {
    finish({});
}

void ReportSender::submit(std::string report, bool urgent) {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(report);
    urgent_ = urgent_ || urgent;
    changed_.notify_one();
}

void ReportSender::finish(std::chrono::milliseconds limit) {
    {
        const std::lock_guard lock(mutex_);
        if (!end_) {
            end_ = Clock::now() + limit;
        }
        changed_.notify_one();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool ReportSender::isTooLate() const {
    const std::lock_guard lock(mutex_);
    return end_ && Clock::now() >= *end_;
}

void ReportSender::run() {
    auto last = Clock::now() - interval;
    bool isFailing = false;
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_ || end_; });
        // Until the interval is over, or something urgent cuts it short.
        changed_.wait_until(lock, last + shortest, [this] { return end_.has_value(); });
        changed_.wait_until(lock, last + interval, [this] { return urgent_ || end_; });
        if (!waiting_) {
            return;
        }
        const auto report = std::move(*waiting_);
        waiting_.reset();
        urgent_ = false;
        const bool isLast = end_.has_value();
        lock.unlock();

        const auto failure = post(report);
        last = Clock::now();
        if (failure.empty()) {
            if (isFailing) {
                logInfo("the receiver of reports answers again");
            }
            isFailing = false;
        } else {
            if (!isFailing) {
                logWarning(fmt::format("a report was not delivered, the next one is tried: {}", failure));
            }
            isFailing = true;
            lock.lock();
            if (!waiting_ && !isLast) {
                waiting_ = report;
            }
        }
        if (isLast) {
            return;
        }
    }
}

std::string ReportSender::post(const std::string& report) {
    const Easy easy(curl_easy_init());
    const std::unique_ptr<curl_slist, ListCleanup> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!easy || !headers) {
        return "no memory";
    }
    CURLcode code = CURLE_OK;
    const auto set = [&](CURLoption option, auto value) {
        if (code == CURLE_OK) {
            code = curl_easy_setopt(easy.get(), option, value);
        }
    };
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    set(CURLOPT_QUICK_EXIT, 1L); // a name server that hangs does not hold up the end
#endif
    set(CURLOPT_CONNECTTIMEOUT, connectSeconds);
    set(CURLOPT_TIMEOUT, postSeconds);
    set(CURLOPT_USERAGENT, "bootferry-report/" BOOTFERRY_VERSION);
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(report.size()));
    set(CURLOPT_POSTFIELDS, report.c_str());
    set(CURLOPT_WRITEFUNCTION, &discard);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
    set(
        CURLOPT_XFERINFOFUNCTION, +[](void* sender, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
            return static_cast<const ReportSender*>(sender)->isTooLate() ? 1 : 0;
        });
    if (!certificates_.empty()) {
        set(CURLOPT_CAINFO, certificates_.c_str());
    }
    if (code == CURLE_OK) {
        code = curl_easy_perform(easy.get());
    }
    if (code != CURLE_OK) {
        return curl_easy_strerror(code);
    }
    constexpr long firstFailure = 300;
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    return status < firstFailure ? std::string() : fmt::format("the receiver answered {}", status);
}

} // namespace bootferry
