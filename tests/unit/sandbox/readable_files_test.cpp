// SPDX-License-Identifier: LGPL-2.1-or-later
#include "readable_files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

class ReadableFilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "readable-files-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = std::filesystem::canonical(name);
        std::filesystem::create_directories(root_ / "etc");
        std::filesystem::create_directories(root_ / "run/some/where");
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void create(const std::string& path) const { std::ofstream(root_ / path) << "x"; }

    [[nodiscard]] bool isReadable(const std::string& path,
                                  const std::vector<std::string>& chosen = {}) const {
        const auto paths = readableFiles(chosen, root_);
        return std::find(paths.begin(), paths.end(), root_ / path) != paths.end();
    }

    std::filesystem::path root_;
};

TEST_F(ReadableFilesTest, WhatHoldsOthersFilesIsNotListed) {
    create("etc/resolv.conf");
    for (const char* path : {"", "home", "root", "proc", "run", "tmp", "var", "var/lib", "usr", "dev"}) {
        EXPECT_FALSE(isReadable(path)) << path;
    }
    EXPECT_TRUE(isReadable("etc"));
}

TEST_F(ReadableFilesTest, NameServersAreReadWhereTheLinkLeads) {
    create("run/some/where/resolv.conf");
    std::filesystem::create_symlink("../run/some/where/resolv.conf", root_ / "etc/resolv.conf");
    EXPECT_TRUE(isReadable("run/some/where"));
    EXPECT_FALSE(isReadable("run"));
}

TEST_F(ReadableFilesTest, NameServersThatAreYetToComeMayLieAnywhereBelowRun) {
    EXPECT_TRUE(isReadable("run")) << "no file";
    std::filesystem::create_symlink("../run/later/resolv.conf", root_ / "etc/resolv.conf");
    EXPECT_TRUE(isReadable("run")) << "a link to nowhere";
}

TEST_F(ReadableFilesTest, InAnInitrdTheFileMayBeReplacedByALink) {
    create("etc/resolv.conf");
    create("etc/initrd-release");
    EXPECT_TRUE(isReadable("run"));
}

TEST_F(ReadableFilesTest, LinksInAChosenFolderAreFollowed) {
    create("etc/resolv.conf");
    create("run/some/authority.pem");
    std::filesystem::create_directories(root_ / "chosen");
    create("chosen/plain.pem");
    std::filesystem::create_symlink("../run/some/authority.pem", root_ / "chosen/0.pem");
    std::filesystem::create_symlink("../run/some", root_ / "chosen/folder");
    std::filesystem::create_symlink("nowhere", root_ / "chosen/broken");
    const std::vector<std::string> chosen{root_ / "chosen", root_ / "missing"};
    EXPECT_TRUE(isReadable("chosen", chosen));
    EXPECT_TRUE(isReadable("chosen/0.pem", chosen));
    EXPECT_FALSE(isReadable("chosen/folder", chosen));
    EXPECT_FALSE(isReadable("chosen/broken", chosen));
}

} // namespace
} // namespace bootferry
