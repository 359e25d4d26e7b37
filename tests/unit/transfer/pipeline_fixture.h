// SPDX-License-Identifier: LGPL-2.1-or-later
// A whole pipeline from a fake server to a target in memory. The fixture is the supervisor, and records the
// requests it gets.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline.h"
#include "resuming_source.h"
#include "source/fake_transport.h"

namespace bootferry {

class PipelineFixture : public testing::Test, public PipelineSupervisor {
protected:
    PipelineFixture() { resume.policy.first = resume.policy.longest = std::chrono::milliseconds(1); }

    void expectAtLeast(std::uint64_t size) override { leastSize = size; }

    WriteTarget requestTarget(std::optional<std::uint64_t> size) override {
        ++targetRequests;
        requestedSize = size;
        leastSizeWhenAsked = leastSize;
        if (refusal) {
            throw *refusal;
        }
        return {.fd = target, .capacity = capacity, .blockSize = blockSize};
    }

    void awaitCommit(const PipelineResult&) override { ++commitRequests; }

    PipelineResult run() {
        std::vector<Origin> origins{{.url = {}, .transport = &server}};
        for (auto* mirror : mirrors) {
            origins.push_back(
                {.url = Url::parse(fmt::format("http://mirror{}/x", origins.size())), .transport = mirror});
        }
        ResumingSource source(std::move(origins), resume, reporter);
        Pipeline pipeline(source, *this, reporter, settings);
        return pipeline.run();
    }

    Error failure() {
        const auto before = commitRequests;
        try {
            (void)run();
        } catch (const Error& error) {
            EXPECT_EQ(commitRequests, before);
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorCode::Internal, ""};
    }

    // The target's first bytes; "" if the target is shorter.
    [[nodiscard]] std::string onTarget(std::size_t count) const {
        std::string bytes(count, '?');
        return ::pread(memory.get(), bytes.data(), count, 0) == static_cast<ssize_t>(count) ? bytes : "";
    }

    FakeTransport server;
    std::vector<FakeTransport*> mirrors;
    ResumeSettings resume;
    PipelineSettings settings;
    RecordingListener listener;
    ProgressReporter reporter{listener};
    UniqueFd memory{::memfd_create("target", MFD_CLOEXEC)};
    int target = memory.get();
    std::uint64_t capacity = 16 << 20;
    std::uint32_t blockSize = 512;
    std::optional<Error> refusal;
    std::optional<std::uint64_t> requestedSize;
    std::optional<std::uint64_t> leastSize;
    std::optional<std::uint64_t> leastSizeWhenAsked;
    int targetRequests = 0;
    int commitRequests = 0;
};

} // namespace bootferry
