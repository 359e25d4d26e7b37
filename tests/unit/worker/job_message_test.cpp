// SPDX-License-Identifier: LGPL-2.1-or-later
#include "job_message.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;

WorkerJob someJob() {
    WorkerJob job;
    job.request.url = Url::parse("http://user:secret@host/image");
    job.request.target = "/dev/ram0";
    job.pluginDir = "/plugins";
    return job;
}

ReceivedJob received(const WorkerJob& job) {
    return readJob(writeJob(job).get());
}

TEST(JobMessage, CarriesTheLimits) {
    auto job = someJob();
    job.request.stallTimeout = 7s;
    job.request.timeout = 1h;
    job.request.idleTimeout = 5min;
    job.request.limitRate = 12345;
    job.request.connections = 3;
    const auto read = received(job).request;
    EXPECT_EQ(read.stallTimeout, 7s);
    EXPECT_EQ(read.timeout, std::chrono::microseconds(1h));
    EXPECT_EQ(read.idleTimeout, std::chrono::microseconds(5min));
    EXPECT_EQ(read.limitRate, 12345U);
    EXPECT_EQ(read.connections, 3U);
}

TEST(JobMessage, CarriesThatThereAreNone) {
    const auto read = received(someJob()).request;
    EXPECT_FALSE(read.timeout);
    EXPECT_FALSE(read.idleTimeout);
    EXPECT_FALSE(read.limitRate);
}

TEST(JobMessage, CarriesWhatIsContinued) {
    auto job = someJob();
    EXPECT_FALSE(received(job).request.continuation);
    job.request.continuation = {.offset = 3, .size = 4, .validator = "v1", .isWhole = true};
    EXPECT_EQ(received(job).request.continuation, job.request.continuation);
    job.request.continuation = {.offset = 3, .size = std::nullopt, .validator = "v1"};
    EXPECT_EQ(received(job).request.continuation, job.request.continuation);
}

TEST(JobMessage, CarriesThatTheImageIsReadOnDemand) {
    auto job = someJob();
    EXPECT_FALSE(received(job).request.onDemand);
    job.request.onDemand = true;
    EXPECT_TRUE(received(job).request.onDemand);
}

TEST(JobMessage, CarriesTheProxies) {
    auto job = someJob();
    job.proxies = {{"http_proxy", "http://user:secret@proxy:3128"}, {"no_proxy", "a,b"}};
    EXPECT_EQ(received(job).proxies, job.proxies);
    EXPECT_EQ(received(someJob()).proxies, ProxyVariables());
    job.rootImage = "LiveOS/squashfs.img";
    EXPECT_EQ(received(job).rootImage, job.rootImage);
}

TEST(JobMessage, WhoReadsTheListGetsNoCredentialsOfTheImage) {
    auto job = someJob();
    job.request.checksumUrl = Url::parse("http://elsewhere/SHA256SUMS");
    job.credentials = {{"token", "secret"}};
    job.purpose = JobPurpose::OptionCheck;
    EXPECT_FALSE(received(job).credentials.front().empty());
    job.purpose = JobPurpose::TransferChecksum;
    const auto read = received(job);
    ASSERT_EQ(read.credentials.size(), 2U);
    EXPECT_TRUE(read.credentials.front().empty());
}

TEST(JobMessage, KeepsSecretsOutOfTheUrl) {
    const auto read = received(someJob());
    EXPECT_FALSE(read.request.url.userinfo());
    EXPECT_EQ(read.credentials.front().at("password"), "secret");
}

} // namespace
} // namespace bootferry
