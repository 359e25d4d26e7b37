// SPDX-License-Identifier: LGPL-2.1-or-later
// Power fails at any moment of a deployment or of a reset, and what the disk's cache had not been ordered to
// sync lands in any order or not at all, in the manner of dm-log-writes(8). Whatever is found then is
// incomplete, or the whole image: never something between that would boot. The log (write_log.h) is taken of
// the real writer on a real file, and of the real wiping of a loop device. (What is written when a partition
// for changes is made: persistent_overlay_test.py.)
#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "block_writer.h"
#include "declared_image_size.h"
#include "disk.h"
#include "disk_contents.h"
#include "errors.h"
#include "handles.h"
#include "loop_device.h"
#include "write_log.h"

namespace bootferry {
namespace {

constexpr std::size_t diskSize = std::size_t{8} << 20U;
constexpr std::size_t imageSize = std::size_t{5} << 20U;
constexpr std::size_t sector = 512;

Bytes makeImage() {
    Bytes image(imageSize);
    std::mt19937 random(7); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same image each time
    std::generate(image.begin(), image.end(), [&] { return static_cast<std::byte>(random()); });
    std::fill_n(image.begin(), 2048, std::byte{0});
    std::memcpy(image.data(), "hsqs", 4);
    const std::uint64_t size = imageSize;
    std::memcpy(image.data() + 40, &size, sizeof(size));
    return image;
}

class MemoryDisk {
public:
    explicit MemoryDisk(const Bytes& bytes) : fd_(::memfd_create("disk", MFD_CLOEXEC)) { set(bytes); }

    void set(const Bytes& bytes) {
        EXPECT_EQ(::syscall(SYS_pwrite64, fd_.get(), bytes.data(), bytes.size(), 0),
                  static_cast<long>(bytes.size()));
    }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] DiskState state() const { return readDiskContents(fd_.get()).state; }

private:
    UniqueFd fd_;
};

void write(BlockWriter& writer, const Bytes& image, const WriteTarget& target) {
    std::size_t done = 0;
    const auto put = [&](std::size_t upTo) {
        while (done < upTo) {
            const auto space = writer.space();
            const auto count = std::min({space.size(), upTo - done, std::size_t{100000}});
            std::memcpy(space.data(), image.data() + done, count);
            writer.advance(count);
            done += count;
        }
    };
    put(declaredSizeProbe);
    writer.setTarget(target);
    put(image.size());
    writer.stage();
}

void deploy(const Bytes& image, const MemoryDisk& disk) {
    BlockWriter writer;
    write(writer, image, {.fd = disk.fd(), .capacity = diskSize, .blockSize = sector});
    writer.commit();
}

// As the service and its worker do it together.
void reset(const Bytes& image, const std::string& device) {
    Disk disk(device);
    disk.claimForWriting();
    disk.wipe(disk.contents());
    const auto target = disk.target();
    BlockWriter writer;
    write(writer, image, {.fd = target.fd.get(), .capacity = target.capacity, .blockSize = target.blockSize});
    disk.clearBehind(image.size());
    writer.commit();
}

class PowerLoss : public testing::Test {
protected:
    // A disk full of an older image, which is the hardest case: all of it looks like an image.
    PowerLoss() : image_(makeImage()), before_(diskSize, std::byte{0xee}) {
        std::copy(image_.begin(), image_.begin() + declaredSizeProbe, before_.begin());
    }

    void recordDeployment() {
        const MemoryDisk disk(before_);
        writeLog() = {.recording = true, .epochs = {{}}};
        deploy(image_, disk);
        writeLog().recording = false;
        epochs_ = writeLog().epochs;
    }

    void recordReset() {
        const UniqueFd memory(::memfd_create("disk", MFD_CLOEXEC));
        ASSERT_EQ(::syscall(SYS_pwrite64, memory.get(), before_.data(), before_.size(), 0),
                  static_cast<long>(before_.size()));
        const auto device = attachLoopDevice(memory, "power-loss");
        writeLog() = {.recording = true, .epochs = {{}}};
        try {
            reset(image_, device.path);
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
        }
        writeLog().recording = false;
        epochs_ = writeLog().epochs;
        detachLoopDevice(device);
    }

    // What may be on the disk when the power fails in an epoch: all earlier ones, and of this one some
    // writes, in parts of whole sectors.
    void check(Bytes bytes, bool nothingYet) {
        disk_.set(bytes);
        const auto state = disk_.state();
        const bool whole = std::equal(image_.begin(), image_.end(), bytes.begin());
        if (state == DiskState::Deployed) {
            EXPECT_TRUE(whole || (nothingYet && bytes == before_)) << "a part of an image is taken for whole";
        }
        (whole && state == DiskState::Deployed ? whole_ : cut_) += 1;
    }

    void checkReordered();
    void checkPrefixes();

    Bytes image_;
    Bytes before_;
    std::vector<std::vector<Write>> epochs_;
    MemoryDisk disk_{Bytes(diskSize)};
    unsigned whole_ = 0;
    unsigned cut_ = 0;
};

void PowerLoss::checkReordered() {
    ASSERT_GE(epochs_.size(), 4U) << "mark, body, head, each with a sync behind it";
    std::mt19937 random(11); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cuts each time
    Bytes synced = before_;
    for (std::size_t epoch = 0; epoch < epochs_.size(); ++epoch) {
        const auto& writes = epochs_[epoch];
        for (int cut = 0; cut < 80 && !writes.empty(); ++cut) {
            auto bytes = synced;
            landSome(bytes, writes, sector, random);
            // While the mark is not down yet the disk still holds what it held.
            check(std::move(bytes), epoch == 0);
        }
        for (const auto& write : writes) {
            land(synced, write, 0, write.bytes.size());
        }
        if (epoch == 0) {
            disk_.set(synced);
            EXPECT_EQ(disk_.state(), DiskState::Incomplete);
        }
    }
    check(synced, false);
    EXPECT_GE(cut_, 200U);
    EXPECT_GE(whole_, 1U);
}

// The cuts of a disk that keeps the order: after each write, and after each part of one that it may tear.
void PowerLoss::checkPrefixes() {
    Bytes bytes = before_;
    for (std::size_t epoch = 0; epoch < epochs_.size(); ++epoch) {
        for (const auto& write : epochs_[epoch]) {
            const auto step = std::max(sector, write.bytes.size() / 64 / sector * sector);
            for (std::size_t begin = 0; begin < write.bytes.size(); begin += step) {
                check(bytes, epoch == 0);
                land(bytes, write, begin, std::min(begin + step, write.bytes.size()));
            }
        }
    }
    check(bytes, false);
    EXPECT_EQ(whole_, 1U) << "only the very last write makes an image of it";
    EXPECT_GE(cut_, 200U);
}

TEST_F(PowerLoss, LeavesAnImageThatIsWholeOrIncomplete) {
    recordDeployment();
    checkReordered();
}

TEST_F(PowerLoss, AtEveryPrefixLeavesAnImageThatIsWholeOrIncomplete) {
    recordDeployment();
    checkPrefixes();
}

class PowerLossOfAReset : public PowerLoss {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root: sets up a loop device";
        }
        recordReset();
    }
};

TEST_F(PowerLossOfAReset, LeavesAnImageThatIsWholeOrIncomplete) {
    checkReordered();
}

TEST_F(PowerLossOfAReset, AtEveryPrefixLeavesAnImageThatIsWholeOrIncomplete) {
    checkPrefixes();
}

TEST_F(PowerLossOfAReset, WhatIsBehindTheImageIsGoneBeforeTheImageIsThere) {
    Bytes bytes = before_;
    for (const auto& epoch : epochs_) {
        for (const auto& write : epoch) {
            disk_.set(bytes);
            if (disk_.state() == DiskState::Deployed && bytes != before_) {
                FAIL() << "deployed before the last write";
            }
            land(bytes, write, 0, write.bytes.size());
        }
    }
    disk_.set(bytes);
    EXPECT_EQ(disk_.state(), DiskState::Deployed);
    EXPECT_TRUE(std::all_of(bytes.begin() + imageSize, bytes.begin() + imageSize + (1U << 20U),
                            [](std::byte byte) { return byte == std::byte{0}; }));
}

} // namespace
} // namespace bootferry
