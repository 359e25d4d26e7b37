// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ca_bundle.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

namespace fs = std::filesystem;

TEST(CaBundleTest, FindsEachDistributionsBundle) {
    for (const auto* path :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/var/lib/ca-certificates/ca-bundle.pem", "/etc/ca-certificates/extracted/tls-ca-bundle.pem"}) {
        std::string root = (fs::temp_directory_path() / "bootferry-ca-XXXXXX").string();
        ASSERT_NE(mkdtemp(root.data()), nullptr);
        EXPECT_EQ(findCaBundle(root), "");
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path).close();
        EXPECT_EQ(findCaBundle(root), "") << "an empty one does not count";
        std::ofstream(root + path) << "a certificate";
        EXPECT_EQ(findCaBundle(root), root + path);
        fs::remove_all(root);
    }
}

} // namespace
} // namespace bootferry::curl
