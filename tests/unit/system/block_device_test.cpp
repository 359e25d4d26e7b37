// SPDX-License-Identifier: LGPL-2.1-or-later
// What is not a block device. Real disks, partitions and holders are in the integration tests: disk,
// live_root and persistent_overlay.
#include "block_device.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace bootferry {
namespace {

TEST(BlockDevice, IsNulloptIfThereIsNone) {
    EXPECT_FALSE(BlockDevice::at("/dev/null")) << "a character device";
    EXPECT_FALSE(BlockDevice::at("/"));
    EXPECT_FALSE(BlockDevice::at("/dev/bootferry-nothing"));
    EXPECT_FALSE(BlockDevice::at(""));
    EXPECT_FALSE(BlockDevice::named("bootferry-nothing"));
    EXPECT_FALSE(BlockDevice::named(""));
    EXPECT_FALSE(BlockDevice::of(makedev(511, 1048575)));
    EXPECT_FALSE(BlockDevice::of(0));
}

} // namespace
} // namespace bootferry
