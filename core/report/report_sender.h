// SPDX-License-Identifier: LGPL-2.1-or-later
// Posts reports from a thread of its own, so that a slow receiver delays nobody: the newest report replaces
// one that waits. A failure is logged once, until a report arrives again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace bootferry {

class ReportSender {
public:
    // url: http or https. certificates: a PEM file for https, or empty. Throws Error if libcurl refuses them.
    ReportSender(std::string url, std::string certificates);
    ~ReportSender(); // abandons what is not posted
    ReportSender(const ReportSender&) = delete;
    ReportSender& operator=(const ReportSender&) = delete;

    // urgent: post soon, not when the interval is over.
    void submit(std::string report, bool urgent);

    // Posts what waits, within this time; no more reports follow.
    void finish(std::chrono::milliseconds limit);

private:
    using Clock = std::chrono::steady_clock;

    void run();
    [[nodiscard]] std::string post(const std::string& report); // why it failed, or empty
    [[nodiscard]] bool isTooLate() const;

    const std::string url_;
    const std::string certificates_;
    mutable std::mutex mutex_; // of what follows
    std::condition_variable changed_;
    std::optional<std::string> waiting_;
    bool urgent_ = false;
    std::optional<Clock::time_point> end_; // set: post what waits, until then
    std::thread thread_;                   // last: it uses all of the above
};

} // namespace bootferry
