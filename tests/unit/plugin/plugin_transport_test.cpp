// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's side of the ABI, tested with the example plugin of this build.
#include "plugin_transport.h"

#include <array>
#include <cstdlib>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "errors.h"
#include "handles.h"
#include "plugin_locator.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;

const std::string& pluginDir() {
    static const std::string dir = std::getenv("BOOTFERRY_PLUGIN_DIR"); // NOLINT(concurrency-mt-unsafe)
    return dir;
}

std::byte patternAt(std::uint64_t position) {
    return static_cast<std::byte>((position * 31 + position / 256) & 0xFFU);
}

class PluginTransportTest : public ::testing::Test {
protected:
    std::unique_ptr<ByteSource> open(const OpenRequest& request, std::vector<PluginOption> options = {}) {
        transport_ = std::make_unique<PluginTransport>(
            pluginDir(), "example", std::move(options), std::map<std::string, std::string>{},
            [this](const std::string& text) { statuses_.push_back(text); });
        return transport_->open(request);
    }

    template <typename Action>
    Error failureOf(Action action) {
        try {
            action();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorCode::Internal, "nothing was thrown"};
    }

    std::unique_ptr<PluginTransport> transport_;
    std::vector<std::string> statuses_;
    UniqueFd never_{eventfd(0, EFD_CLOEXEC)};
};

TEST_F(PluginTransportTest, DeliversTheBytesFromTheOffsetToTheEnd) {
    auto source = open({.url = "example://h/1000", .offset = 300, .validator = {}, .cancelFd = never_.get()});
    EXPECT_EQ(source->info().size, 1000U);
    EXPECT_TRUE(source->info().resumable);
    EXPECT_EQ(source->info().validator, "example-pattern-1");
    std::uint64_t position = 300;
    std::array<std::byte, 97> buffer{};
    while (const auto count = source->read(buffer)) {
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(buffer[i], patternAt(position + i));
        }
        position += count;
    }
    EXPECT_EQ(position, 1000U);
    EXPECT_EQ(source->read(buffer), 0U);
    source->finish();
    EXPECT_EQ(transport_->description(), "example 1");
}

TEST_F(PluginTransportTest, ReportsTheReasonOfAFailure) {
    const auto failure = failureOf([&] {
        (void)open({.url = "example://h/10", .offset = 11, .validator = {}, .cancelFd = never_.get()});
    });
    EXPECT_EQ(failure.code(), ErrorCode::Range);
    EXPECT_THAT(failure.what(), HasSubstr("behind the end"));
}

TEST_F(PluginTransportTest, ADifferentValidatorIsARangeError) {
    const auto failure = failureOf([&] {
        (void)open({.url = "example://h/10", .offset = 5, .validator = "older", .cancelFd = never_.get()});
    });
    EXPECT_EQ(failure.code(), ErrorCode::Range);
}

TEST_F(PluginTransportTest, CancellingEndsAWait) {
    const UniqueFd cancel(eventfd(1, EFD_CLOEXEC));
    const auto failure = failureOf([&] {
        (void)open({.url = "example://h/10", .offset = 0, .validator = {}, .cancelFd = cancel.get()});
    });
    EXPECT_EQ(failure.code(), ErrorCode::Cancelled);
}

TEST_F(PluginTransportTest, SetsItsOptionsAndReportsTheStatus) {
    auto source = open({.url = "example://h/10", .offset = 0, .validator = {}, .cancelFd = never_.get()},
                       {{.plugin = "example", .key = "delay", .value = "1"}});
    std::array<std::byte, 10> buffer{};
    EXPECT_EQ(source->read(buffer), 10U);
    EXPECT_EQ(statuses_.size(), 1U);
}

TEST_F(PluginTransportTest, NamesAnInvalidOption) {
    const auto failure = failureOf([&] {
        (void)open({.url = "example://h/10", .offset = 0, .validator = {}, .cancelFd = never_.get()},
                   {{.plugin = "example", .key = "colour", .value = "red"}});
    });
    EXPECT_EQ(failure.code(), ErrorCode::Invalid);
    EXPECT_THAT(failure.what(), HasSubstr("'colour'"));
}

TEST_F(PluginTransportTest, UsesTheHostsNameOfAFileAndShowsTheUsers) {
    std::vector<std::string> asked;
    PluginTransport transport(pluginDir(), "https",
                              {{.plugin = "curl", .key = "cacert", .value = "/root/ca.pem"}}, {}, {},
                              [&](const std::string& path) {
                                  asked.push_back(path);
                                  return OptionFile{.name = "/dev/null/7", .refusal = std::nullopt};
                              });
    transport.checkOptions();
    EXPECT_EQ(asked, std::vector<std::string>{"/root/ca.pem"});
    const auto failure = failureOf([&] {
        (void)transport.open(
            {.url = "https://127.0.0.1:1/x", .offset = 0, .validator = {}, .cancelFd = never_.get()});
    });
    EXPECT_EQ(std::string(failure.what()).find("/dev/null/7"), std::string::npos) << failure.what();
}

TEST_F(PluginTransportTest, CheckOptionsFindsAnInvalidOption) {
    const PluginTransport transport(pluginDir(), "example",
                                    {{.plugin = "example", .key = "colour", .value = "red"}}, {}, {});
    EXPECT_EQ(failureOf([&] { transport.checkOptions(); }).code(), ErrorCode::Invalid);
}

TEST_F(PluginTransportTest, NamesAFolderThatCannotBeRead) {
    const auto failure = failureOf([] { (void)locatePlugin("/nowhere/at/all", "http"); });
    EXPECT_EQ(failure.code(), ErrorCode::Unsupported);
    EXPECT_THAT(failure.what(), HasSubstr("'/nowhere/at/all': No such file"));
}

TEST_F(PluginTransportTest, RefusesAnOptionForAMissingPlugin) {
    const auto failure = failureOf([&] {
        (void)open({.url = "example://h/10", .offset = 0, .validator = {}, .cancelFd = never_.get()},
                   {{.plugin = "pigeon", .key = "x", .value = ""}});
    });
    EXPECT_EQ(failure.code(), ErrorCode::Unsupported);
    EXPECT_THAT(failure.what(), HasSubstr("'pigeon'"));
}

TEST_F(PluginTransportTest, AnUnsupportedSchemeListsTheInstalledOnes) {
    const auto failure = failureOf([] { (void)locatePlugin(pluginDir(), "foo"); });
    EXPECT_EQ(failure.code(), ErrorCode::Unsupported);
    EXPECT_THAT(failure.what(), HasSubstr("no plugin serves 'foo' URLs; installed: "));
    EXPECT_THAT(failure.what(), HasSubstr("example"));
}

TEST(PluginLocatorTest, ListsThePluginsInTheFolder) {
    bool found = false;
    for (const auto& plugin : listPlugins(pluginDir())) {
        found = found || (plugin.name == "example" && plugin.version == "1" &&
                          plugin.schemes == std::vector<std::string>{"example"});
    }
    EXPECT_TRUE(found);
    EXPECT_TRUE(listPlugins("/nowhere/at/all").empty());
}

} // namespace
} // namespace bootferry
