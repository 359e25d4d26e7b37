// SPDX-License-Identifier: LGPL-2.1-or-later
// The form of attributes, and the kernel's controller of generic netlink, which answers everybody.
#include "generic_netlink.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>

#include "errors.h"

namespace bootferry {
namespace {

TEST(NetlinkAttributes, AreAlignedToFourBytes) {
    NetlinkAttributes attributes;
    attributes.add(1, std::string_view("nbd"))
        .add(2, std::uint64_t{7})
        .add(3, NetlinkAttributes().add(4, std::uint32_t{9}));
    EXPECT_EQ(attributes.bytes().size(), 8U + 12U + 12U);
    EXPECT_EQ(findNetlinkAttribute(attributes.bytes(), 1), std::string_view("nbd\0", 4));
    EXPECT_EQ(findNetlinkAttribute(attributes.bytes(), 2)->size(), 8U);
    const auto nested = findNetlinkAttribute(attributes.bytes(), 3); // although it is marked as nested
    ASSERT_TRUE(nested);
    EXPECT_EQ(findNetlinkAttribute(*nested, 4)->size(), 4U);
    EXPECT_FALSE(findNetlinkAttribute(attributes.bytes(), 5));
}

TEST(NetlinkAttributes, ThatAreCutAreNotFound) {
    const auto bytes = NetlinkAttributes().add(1, std::string_view("a long text")).bytes();
    for (std::size_t length = 0; length < bytes.size() - 1; ++length) {
        EXPECT_FALSE(findNetlinkAttribute(std::string_view(bytes).substr(0, length), 1)) << length;
    }
    EXPECT_FALSE(findNetlinkAttribute(std::string_view("\0\0\1\0", 4), 1)) << "shorter than its header";
}

TEST(GenericNetlink, AsksTheKernel) {
    GenericNetlink controller("nlctrl");
    const auto answer = controller.request(
        CTRL_CMD_GETFAMILY, NetlinkAttributes().add(CTRL_ATTR_FAMILY_NAME, std::string_view("nlctrl")),
        "asking");
    EXPECT_EQ(findNetlinkAttribute(answer, CTRL_ATTR_FAMILY_NAME), std::string_view("nlctrl\0", 7));
}

TEST(GenericNetlink, NamesAFamilyThatDoesNotExist) {
    try {
        GenericNetlink("bootferry-nil");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Unsupported);
        EXPECT_STREQ(error.what(), "this kernel has no 'bootferry-nil'");
    }
}

TEST(GenericNetlink, ReportsTheKernelsErrno) {
    GenericNetlink controller("nlctrl");
    try {
        (void)controller.request(CTRL_CMD_GETFAMILY,
                                 NetlinkAttributes().add(CTRL_ATTR_FAMILY_NAME, std::string_view("nil")),
                                 "asking");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.errnoValue(), ENOENT);
        EXPECT_TRUE(std::string_view(error.what()).starts_with("asking")) << error.what();
    }
}

} // namespace
} // namespace bootferry
