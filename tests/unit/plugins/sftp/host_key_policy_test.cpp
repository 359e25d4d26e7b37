// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_keys.h"

namespace bootferry::sftp {
namespace {

using ::testing::HasSubstr;

const SftpUrl url{.host = "files.example", .port = 22, .path = "/a"};
const std::string other = "SHA256:" + std::string(43, 'A');

TEST(HostKeyPolicyTest, NoServerIsTrustedAtFirstSight) {
    const auto reason = HostKeyPolicy().refusal(url, ed25519(firstKey));
    ASSERT_TRUE(reason);
    EXPECT_THAT(*reason, HasSubstr("sftp:hostkey=" + std::string(firstFingerprint)));
    EXPECT_THAT(*reason, HasSubstr("files.example:22"));
    for (const char* where : {"rd.bootferry.option=", "--option="}) {
        EXPECT_THAT(*reason, HasSubstr(where));
    }
}

TEST(HostKeyPolicyTest, APinDecidesAlone) {
    HostKeyPolicy policy;
    policy.pin(other);
    policy.acceptAny();
    policy.knownHosts().add(line("files.example", firstKey));
    EXPECT_TRUE(policy.refusal(url, ed25519(firstKey)));
    policy.pin(std::string(firstFingerprint));
    EXPECT_FALSE(policy.refusal(url, ed25519(firstKey)));
    EXPECT_TRUE(policy.mayKnowAnotherKey());
}

TEST(HostKeyPolicyTest, ARevokedKeyIsRefusedBesideAPinAsWell) {
    HostKeyPolicy policy;
    policy.pin(std::string(firstFingerprint));
    policy.acceptAny();
    EXPECT_FALSE(policy.refusal(url, ed25519(firstKey)));
    policy.knownHosts().add("@revoked " + line("*", firstKey));
    const auto reason = policy.refusal(url, ed25519(firstKey));
    ASSERT_TRUE(reason);
    EXPECT_THAT(*reason, HasSubstr("marked as revoked"));
    EXPECT_EQ(policy.hint(url, ed25519(firstKey)), "") << "advice about other kinds of keys";
}

TEST(HostKeyPolicyTest, KnownHostsDecideUnlessAnyKeyIsAccepted) {
    HostKeyPolicy policy;
    policy.knownHosts().add(line("files.example", firstKey));
    EXPECT_FALSE(policy.refusal(url, ed25519(firstKey)));
    EXPECT_TRUE(policy.refusal(url, ed25519(secondKey)));
    policy.acceptAny();
    EXPECT_FALSE(policy.refusal(url, ed25519(secondKey)));
    EXPECT_FALSE(policy.mayKnowAnotherKey());
}

TEST(HostKeyPolicyTest, PrefersTheKnownKindOfKey) {
    HostKeyPolicy policy;
    EXPECT_EQ(policy.algorithmsFor(url), hostKeyAlgorithms());
    policy.knownHosts().add("files.example ecdsa-sha2-nistp256 " + std::string(secondKey) + "\n");
    EXPECT_EQ(policy.algorithmsFor(url).front(), "ecdsa-sha2-nistp256");
    EXPECT_THAT(policy.algorithmsFor(url), ::testing::UnorderedElementsAreArray(hostKeyAlgorithms()));
}

} // namespace
} // namespace bootferry::sftp
