// SPDX-License-Identifier: LGPL-2.1-or-later
#include "service_credentials.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "log.h"

namespace bootferry {
namespace {

TEST(ServiceCredentials, ThePassphraseOfTheDiskIsForNoServer) {
    const auto folder = std::filesystem::path(testing::TempDir()) / "bootferry-credentials";
    std::filesystem::create_directories(folder);
    for (const char* name :
         {"bootferry.password", "bootferry.passphrase", "bootferry.sshkey_passphrase", "other.password"}) {
        std::ofstream(folder / name) << "geheim\n";
    }
    ::setenv("BOOTFERRY_SYSTEM_CREDENTIALS", folder.c_str(), 1);
    const auto credentials = readServiceCredentials();
    ::unsetenv("BOOTFERRY_SYSTEM_CREDENTIALS");
    std::filesystem::remove_all(folder);
    EXPECT_EQ(credentials, (Credentials{{"password", "geheim"}, {"sshkey_passphrase", "geheim"}}));
}

// Whoever answers DHCP requests would get the rest.
TEST(ServiceCredentials, AServerThatTheNetworkChoseGetsThoseWithItsName) {
    const auto folder = std::filesystem::path(testing::TempDir()) / "bootferry-credentials-of-network";
    std::filesystem::create_directories(folder);
    for (const char* name : {"bootferry.password", "bootferry.password.10.0.0.1", "bootferry.cacert",
                             "bootferry.token", "bootferry.keys", serverFromNetworkFile}) {
        std::ofstream(folder / name) << "geheim";
    }
    ::setenv("BOOTFERRY_SYSTEM_CREDENTIALS", folder.c_str(), 1);
    ::setenv("BOOTFERRY_RUNTIME_DIRECTORY", folder.c_str(), 1);
    initLogging("test");
    testing::internal::CaptureStderr();
    const auto credentials = readServiceCredentials(true);
    const auto messages = testing::internal::GetCapturedStderr();
    const auto afterwards = readServiceCredentials(false);
    ::unsetenv("BOOTFERRY_RUNTIME_DIRECTORY");
    const auto usual = readServiceCredentials(true);
    ::unsetenv("BOOTFERRY_SYSTEM_CREDENTIALS");
    std::filesystem::remove_all(folder);
    EXPECT_EQ(credentials,
              (Credentials{{"password.10.0.0.1", "geheim"}, {"cacert", "geheim"}, {"keys", "geheim"}}));
    EXPECT_NE(messages.find("these credentials: bootferry.password, bootferry.token ("), std::string::npos)
        << messages;
    EXPECT_EQ(messages.find("geheim"), std::string::npos);
    EXPECT_EQ(afterwards.size(), 5U) << "of the booted system";
    EXPECT_EQ(usual.size(), 5U);
}

} // namespace
} // namespace bootferry
