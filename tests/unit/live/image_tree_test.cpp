// SPDX-License-Identifier: LGPL-2.1-or-later
// An image is a folder that no link leads out of; what is found in it is a regular file or refused.
#include "image_tree.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "errors.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class ImageTreeTest : public testing::Test {
public:
    ImageTreeTest() {
        std::string pattern = fs::canonical(fs::temp_directory_path()) / "bootferry-tree-XXXXXX";
        base_ = ::mkdtemp(pattern.data());
        fs::create_directories(top() / "LiveOS");
        write(base_ / "outside.img");
    }
    ~ImageTreeTest() override { fs::remove_all(base_); }

protected:
    [[nodiscard]] fs::path top() const { return base_ / "image"; }
    static void write(const fs::path& path) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << "x";
    }
    [[nodiscard]] ImageTree tree() const { return ImageTree(top()); }
    [[nodiscard]] std::string refusal(const std::string& name) const {
        try {
            (void)tree().findFile(name);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::NotLive) << error.what();
            return error.what();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    fs::path base_;
};

TEST_F(ImageTreeTest, FindsAFile) {
    write(top() / "LiveOS/squashfs.img");
    EXPECT_EQ(tree().findFile("LiveOS/squashfs.img")->path, top() / "LiveOS/squashfs.img");
    EXPECT_FALSE(tree().findFile("LiveOS/other.img"));
    EXPECT_FALSE(tree().findFile("LiveOS/squashfs.img/below"));
}

TEST_F(ImageTreeTest, LinksMeanWhatTheyWillMeanInTheImage) {
    write(top() / "images/a.img");
    fs::create_symlink("/images/a.img", top() / "LiveOS/absolute.img");
    fs::create_symlink("../images/a.img", top() / "LiveOS/relative.img");
    EXPECT_EQ(tree().findFile("LiveOS/absolute.img")->path, top() / "images/a.img");
    EXPECT_EQ(tree().findFile("LiveOS/relative.img")->path, top() / "images/a.img");
}

TEST_F(ImageTreeTest, NoLinkLeadsOut) {
    fs::create_symlink("../../outside.img", top() / "LiveOS/up.img");
    fs::create_symlink(base_ / "outside.img", top() / "LiveOS/absolute.img");
    fs::create_symlink("self.img", top() / "LiveOS/self.img");
    ASSERT_TRUE(fs::exists(top() / "LiveOS/up.img")) << "or this shows nothing";
    EXPECT_THAT(refusal("LiveOS/up.img"), HasSubstr("'../../outside.img', which is not in the image"));
    EXPECT_THAT(refusal("LiveOS/absolute.img"), HasSubstr("outside"));
    EXPECT_THAT(refusal("LiveOS/self.img"), HasSubstr("link"));
    EXPECT_FALSE(tree().findFile("../outside.img"));
}

TEST_F(ImageTreeTest, OnlyRegularFilesAreOpened) {
    ASSERT_EQ(::mkfifo((top() / "LiveOS/fifo").c_str(), 0600), 0);
    EXPECT_THAT(refusal("LiveOS/fifo"), HasSubstr("a special file"));
    EXPECT_THAT(refusal("LiveOS"), HasSubstr("a folder"));
}

TEST_F(ImageTreeTest, NamesWhatIsThere) {
    write(top() / "boot/grub");
    EXPECT_THAT(*tree().names(""), UnorderedElementsAre("boot", "LiveOS"));
    EXPECT_THAT(*tree().names("boot"), UnorderedElementsAre("grub"));
    EXPECT_FALSE(tree().names("nowhere"));
    EXPECT_FALSE(tree().names("boot/grub"));
}

TEST_F(ImageTreeTest, ARootTreeHasAnInit) {
    fs::create_directories(top() / "usr/lib/systemd");
    EXPECT_FALSE(tree().isRootTree());
    write(top() / "usr/lib/systemd/systemd");
    EXPECT_TRUE(tree().isRootTree());
}

TEST_F(ImageTreeTest, AnInitMayBeALinkToAnywhere) {
    fs::create_directories(top() / "etc");
    fs::create_directories(top() / "usr/sbin");
    fs::create_symlink("usr/sbin", top() / "sbin");
    EXPECT_FALSE(tree().isRootTree());
    fs::create_symlink("/nix/store/1-system/init", top() / "sbin/init");
    EXPECT_TRUE(tree().isRootTree());
}

TEST_F(ImageTreeTest, AnInitOutsideTheTreeDoesNotCount) {
    write(base_ / "host/init");
    fs::create_directories(top() / "etc");
    fs::create_symlink("../../host", top() / "sbin");
    fs::create_symlink(base_ / "host", top() / "bin");
    ASSERT_TRUE(fs::exists(top() / "bin/init")) << "or this shows nothing";
    EXPECT_FALSE(tree().isRootTree());
}

} // namespace
} // namespace bootferry
