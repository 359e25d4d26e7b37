// SPDX-License-Identifier: LGPL-2.1-or-later
// Power fails at any moment of a disk that is filled out of order (core/ondemand), over several boots: see
// power_loss_test.cpp. Whatever is found then is incomplete or the whole image, and each piece that the map
// on the disk names is there.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "disk_contents.h"
#include "errors.h"
#include "fill_record.h"
#include "handles.h"
#include "loop_device.h"
#include "write_log.h"

namespace bootferry {
namespace {

constexpr std::size_t diskSize = std::size_t{8} << 20U;
constexpr std::size_t imageSize = (std::size_t{15} << 19U) - 700; // both ends of the disk are wiped
constexpr std::size_t sector = 512;
constexpr std::uint64_t headPieces = FillMemory::headSize / PieceMap::pieceSize;
constexpr std::size_t proofSize = 2 * PieceMap::pieceSize;

struct Image {
    explicit Image(unsigned seed) : bytes(imageSize) {
        std::mt19937 random(seed);
        std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
        std::fill_n(bytes.begin(), 2048, std::byte{0});
        std::memcpy(bytes.data(), "hsqs", 4);
        const std::uint64_t size = imageSize;
        std::memcpy(bytes.data() + 40, &size, sizeof(size));
        version.size = imageSize;
        version.validator = std::to_string(seed);
    }
    [[nodiscard]] std::span<const std::byte> proof() const { return std::span(bytes).first(proofSize); }

    Bytes bytes;
    FillVersion version;
};

// One boot, as the service and its worker do it together: until so many pieces have arrived; all of them:
// until it is deployed.
class Boot {
public:
    Boot(const std::string& device, bool wipes) : disk_(device) {
        disk_.claimForWriting();
        if (wipes) {
            disk_.wipe(disk_.contents());
        }
        target_ = disk_.target();
    }

    // Returns how many pieces of an earlier boot it has found.
    std::size_t fill(const Image& image, std::size_t mostPieces, std::mt19937& random) {
        const WriteTarget device{
            .fd = target_.fd.get(), .capacity = target_.capacity, .blockSize = target_.blockSize};
        const AlignedBuffer head(FillMemory::headSize);
        FillTarget target(device, head.bytes(), imageSize);
        std::vector<std::uint64_t> present(PieceMap::wordsFor(imageSize));
        auto record = FillRecord::begin(target, device, image.version, image.proof(), present);
        PieceMap map(imageSize, present);
        std::vector<std::uint64_t> pieces(map.pieces());
        std::iota(pieces.begin(), pieces.end(), 0);
        std::shuffle(pieces.begin(), pieces.end(), random);
        std::erase_if(pieces, [&](auto piece) { return map.isPresent(piece); });
        const auto found = static_cast<std::size_t>(map.pieces()) - pieces.size();
        pieces.resize(std::min(mostPieces, pieces.size()));
        for (std::size_t count = 0; count < pieces.size(); ++count) {
            const auto piece = pieces[count];
            const AlignedBuffer buffer(PieceMap::pieceSize);
            const auto bytes = map.bytesOf({.first = piece, .count = 1});
            std::memcpy(buffer.bytes().data(), image.bytes.data() + bytes.offset, bytes.length);
            target.write(piece, buffer.bytes());
            map.arrived(piece);
            if (count % 7 == 3) {
                record.value().save(present);
            }
        }
        if (map.isFull()) {
            target.stage();
            disk_.clearBehind(imageSize);
            target.commit();
        }
        return found;
    }

private:
    Disk disk_;
    PreparedTarget target_;
};

class PowerLossOfAFill : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root: sets up a loop device";
        }
        // A disk full of an older image, which is the hardest case: all of it looks like an image.
        std::copy(first_.bytes.begin(), first_.bytes.end(), before_.begin());
        const UniqueFd memory(::memfd_create("disk", MFD_CLOEXEC));
        ASSERT_EQ(::syscall(SYS_pwrite64, memory.get(), before_.data(), before_.size(), 0),
                  static_cast<long>(before_.size()));
        const auto device = attachLoopDevice(memory, "power-loss");
        writeLog() = {.recording = true, .epochs = {{}}};
        try {
            recordBoots(device.path);
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
        }
        writeLog().recording = false;
        detachLoopDevice(device);
    }

    void recordBoots(const std::string& device) {
        std::mt19937 random(5); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same order each time
        const auto boot = [&](bool wipes, const Image& image, std::size_t mostPieces) {
            return Boot(device, wipes).fill(image, mostPieces, random);
        };
        EXPECT_EQ(boot(true, first_, 30), 0U);
        const auto again = boot(false, first_, 20);
        EXPECT_GE(again, 20U);
        EXPECT_LE(again, 30U);
        EXPECT_EQ(boot(false, second_, 3), 0U) << "another image on the server, for a moment";
        EXPECT_EQ(boot(false, first_, 30), 0U);
        EXPECT_EQ(boot(false, second_, 30), 0U) << "another one for long";
        EXPECT_EQ(boot(false, first_, 30), 0U) << "and the first one again";
        EXPECT_EQ(boot(true, second_, 40), 0U) << "with the reset";
        EXPECT_GE(boot(false, second_, SIZE_MAX), 20U);
    }

    // The pieces that the map on the disk names for this image; each of them must be there.
    void checkPieces(const Bytes& bytes, const Image& image) {
        const WriteTarget device{.fd = disk_.get(), .capacity = diskSize, .blockSize = sector};
        if (!FillRecord::find(device, image.version, image.proof())) {
            return;
        }
        const AlignedBuffer head(FillMemory::headSize);
        std::vector<std::uint64_t> present(PieceMap::wordsFor(imageSize));
        (void)FillRecord::begin(FillTarget(device, head.bytes(), imageSize), device, image.version,
                                image.proof(), present);
        const PieceMap map(imageSize, present);
        for (std::uint64_t piece = 0; piece < map.pieces(); ++piece) {
            if (!map.isPresent(piece)) {
                continue;
            }
            ++promised_;
            ASSERT_GE(piece, headPieces);
            const auto part = map.bytesOf({.first = piece, .count = 1});
            const auto begin = static_cast<std::ptrdiff_t>(part.offset);
            ASSERT_TRUE(std::equal(image.bytes.begin() + begin,
                                   image.bytes.begin() + begin + static_cast<std::ptrdiff_t>(part.length),
                                   bytes.begin() + begin))
                << "piece " << piece << " is not there";
        }
    }

    void check(const Bytes& bytes, bool nothingYet) {
        ASSERT_EQ(::syscall(SYS_pwrite64, disk_.get(), bytes.data(), bytes.size(), 0),
                  static_cast<long>(bytes.size()));
        const auto state = readDiskContents(disk_.get()).state;
        if (state == DiskState::Deployed) {
            const bool whole = std::equal(second_.bytes.begin(), second_.bytes.end(), bytes.begin());
            ASSERT_TRUE(whole || (nothingYet && bytes == before_)) << "a part is taken for the whole";
            whole_ += whole ? 1 : 0;
        } else {
            ASSERT_TRUE(state == DiskState::Incomplete || nothingYet);
            checkPieces(bytes, first_);
            checkPieces(bytes, second_);
        }
    }

    const Image first_{1};
    const Image second_{2};
    Bytes before_ = Bytes(diskSize, std::byte{0xee});
    UniqueFd disk_{::memfd_create("disk", MFD_CLOEXEC)};
    std::uint64_t promised_ = 0; // pieces that were named and are there
    unsigned whole_ = 0;
};

TEST_F(PowerLossOfAFill, WhatTheMapNamesIsThere) {
    const auto& epochs = writeLog().epochs;
    ASSERT_GE(epochs.size(), 30U);
    std::mt19937 random(11); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cuts each time
    Bytes flushed = before_;
    for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
        for (int cut = 0; cut < 6 && !epochs[epoch].empty(); ++cut) {
            auto bytes = flushed;
            landSome(bytes, epochs[epoch], sector, random);
            ASSERT_NO_FATAL_FAILURE(check(bytes, epoch == 0)) << "epoch " << epoch;
        }
        for (const auto& write : epochs[epoch]) {
            land(flushed, write, 0, write.bytes.size());
        }
        ASSERT_NO_FATAL_FAILURE(check(flushed, epoch == 0)) << "epoch " << epoch;
    }
    EXPECT_GE(promised_, 1000U);
    EXPECT_GE(whole_, 1U);
}

TEST_F(PowerLossOfAFill, AtEachPrefixToo) {
    Bytes bytes = before_;
    const auto& epochs = writeLog().epochs;
    for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
        for (const auto& write : epochs[epoch]) {
            land(bytes, write, 0, write.bytes.size() / 2 / sector * sector);
            ASSERT_NO_FATAL_FAILURE(check(bytes, epoch == 0)) << "epoch " << epoch;
            land(bytes, write, 0, write.bytes.size());
        }
    }
    ASSERT_NO_FATAL_FAILURE(check(bytes, false));
    EXPECT_EQ(whole_, 1U) << "only the very last write makes an image of it";
    EXPECT_GE(promised_, 1000U);
}

} // namespace
} // namespace bootferry
