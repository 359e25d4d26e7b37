// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_options.h"

#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "test_keys.h"

namespace bootferry::sftp {
namespace {

class SftpOptionsTest : public ::testing::Test {
protected:
    SftpOptionsTest() {
        table_.struct_size = sizeof table_;
        table_.context = &credentials_;
        table_.log = [](void*, int, const char*) {};
        table_.credential = [](void* context, const char* name) -> const char* {
            const auto& all = *static_cast<std::map<std::string, std::string>*>(context);
            const auto found = all.find(name);
            return found != all.end() ? found->second.c_str() : nullptr;
        };
        table_.option_file = [](void*, const char* path) -> const char* {
            return std::strcmp(path, "/root/key") == 0 ? "/proc/self/fd/7" : path;
        };
    }

    [[nodiscard]] plugin::Host host() const { return plugin::Host(&table_); }

    std::map<std::string, std::string> credentials_;
    bootferry_host table_{};
    SftpOptions options_;
};

TEST_F(SftpOptionsTest, EveryOptionItDescribesIsOne) {
    for (const auto* option = SftpOptions::described(); option->key != nullptr; ++option) {
        const bool isFlag = std::strncmp(option->help, "FLAG: ", 6) == 0;
        const bool isFingerprint = std::strncmp(option->key, "host", 4) == 0;
        const std::string value = isFlag ? "" : isFingerprint ? std::string(firstFingerprint) : "7";
        EXPECT_NO_THROW(options_.set(option->key, value, host())) << option->key;
    }
    EXPECT_THROW(options_.set("frob", "1", host()), plugin::Failure);
    EXPECT_THROW(options_.set("frob", "", host()), plugin::Failure);
}

TEST_F(SftpOptionsTest, TheUserIsTheUrlsThenTheOptionsThenRoot) {
    EXPECT_EQ(options_.login(host()).user, "root");
    options_.set("user", "ferry", host());
    EXPECT_EQ(options_.login(host()).user, "ferry");
    credentials_["user"] = "someone";
    EXPECT_EQ(options_.login(host()).user, "someone");
}

TEST_F(SftpOptionsTest, AnEmptyPasswordIsIgnored) {
    credentials_["password"] = "";
    EXPECT_FALSE(options_.login(host()).password);
    credentials_["password"] = "x";
    EXPECT_EQ(options_.login(host()).password, "x");
}

TEST_F(SftpOptionsTest, AFileThatCannotBeReadIsALocalFault) {
    options_.set("key", "/nowhere/at/all", host());
    try {
        (void)options_.login(host());
        ADD_FAILURE();
    } catch (const plugin::Failure& failure) {
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_IO);
        EXPECT_EQ(failure.errnoValue(), ENOENT);
    }
}

TEST_F(SftpOptionsTest, FilesAreOpenedByTheNameTheHostHasForThem) {
    options_.set("key", "/root/key", host());
    try {
        (void)options_.login(host());
        ADD_FAILURE();
    } catch (const plugin::Failure& failure) {
        EXPECT_STREQ(failure.what(), "opening the private key '/proc/self/fd/7'");
    }
}

TEST_F(SftpOptionsTest, KnownHostsComeAsACredential) {
    const SftpUrl url{.host = "files.example", .port = 22, .path = "/a"};
    EXPECT_TRUE(options_.hostKeyPolicy(host()).refusal(url, ed25519(firstKey)));
    credentials_["known_hosts"] = line("files.example", firstKey);
    EXPECT_FALSE(options_.hostKeyPolicy(host()).refusal(url, ed25519(firstKey)));
}

} // namespace
} // namespace bootferry::sftp
