// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's nbd, and device-mapper over it: a read that waits for its server, and a file system that stays
// mounted while the device beneath it is exchanged. They need root, and a kernel with both: where these are
// missing they are skipped, and tests/boot/image_devices_test.py runs them in a machine of their own.
#include "mapped_device.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "kernel_modules.h"
#include "nbd_device.h"
#include "nbd_test_server.h"

namespace bootferry {
namespace {

constexpr std::uint32_t blockSize = 512;
constexpr const char* name = "bootferry-test";

// Every block differs, so that none can be taken for another.
std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size; ++at) {
        bytes[at] = static_cast<char>((at / blockSize * 31 + at) & 0xffU);
    }
    return bytes;
}

UniqueFd openFile(const std::string& path, int flags = O_RDONLY) {
    return UniqueFd(checkErrno(::open(path.c_str(), flags | O_CLOEXEC), "opening " + path));
}

dev_t numberOf(const std::string& path) {
    struct stat status {};
    checkErrno(::stat(path.c_str(), &status), path);
    return status.st_rdev;
}

std::string readAt(const UniqueFd& device, std::size_t offset, std::size_t length) {
    std::string bytes(length, '\0');
    const auto got = ::pread(device.get(), bytes.data(), length, static_cast<off_t>(offset));
    bytes.resize(static_cast<std::size_t>(checkErrno(got, "reading")));
    return bytes;
}

std::string contentsOf(const std::string& path) {
    const auto file = openFile(path);
    struct stat status {};
    checkErrno(::fstat(file.get(), &status), path);
    return readAt(file, 0, static_cast<std::size_t>(status.st_size));
}

void dropCaches() {
    std::ofstream("/proc/sys/vm/drop_caches") << "3";
}

class ImageDevices : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        try {
            const auto sockets = makeNbdSockets();
            NbdDevice(sockets.kernel, {.size = 1U << 20U, .blockSize = blockSize}).disconnect();
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), ErrorCode::Unsupported) << error.what();
            GTEST_SKIP() << error.what();
        }
    }

    void TearDown() override {
        if (device_) {
            try {
                device_->disconnect();
            } catch (const Error& error) {
                ADD_FAILURE() << error.what();
            }
        }
    }

    void connect(std::uint64_t answers = UINT64_MAX) {
        auto sockets = makeNbdSockets();
        server_ = std::make_unique<NbdTestServer>(std::move(sockets.server), image_, answers);
        device_.emplace(sockets.kernel, NbdTerms{.size = image_.size(), .blockSize = blockSize});
        path_ = device_->path();
    }

    void reconnect() { server_ = std::make_unique<NbdTestServer>(device_->reconnect(), image_); }

    std::string image_ = pattern(std::size_t{4} << 20U);
    std::unique_ptr<NbdTestServer> server_;
    std::optional<NbdDevice> device_;
    std::string path_;
};

TEST_F(ImageDevices, ShowWhatTheServerHas) {
    connect();
    const auto device = openFile(path_);
    std::uint64_t size = 0;
    ASSERT_EQ(::ioctl(device.get(), BLKGETSIZE64, &size), 0);
    EXPECT_EQ(size, image_.size());
    int readOnly = 0;
    ASSERT_EQ(::ioctl(device.get(), BLKROGET, &readOnly), 0);
    EXPECT_EQ(readOnly, 1);
    EXPECT_EQ(readAt(device, 0, image_.size()), image_);
}

TEST_F(ImageDevices, TellTheServerOfTheirEnd) {
    connect();
    device_->disconnect();
    device_.reset();
    server_->waitForEnd();
    EXPECT_TRUE(server_->wasDisconnected());
}

TEST_F(ImageDevices, WaitForAnotherServer) {
    connect();
    const auto device = openFile(path_);
    EXPECT_EQ(readAt(device, 0, blockSize), image_.substr(0, blockSize));
    server_->stop();
    const std::size_t offset = image_.size() / 2;
    std::string bytes;
    std::thread reader([&] { bytes = readAt(device, offset, 1U << 20U); });
    reconnect();
    reader.join();
    EXPECT_EQ(bytes, image_.substr(offset, 1U << 20U));
}

// The kernel had sent the read, and no answer came.
TEST_F(ImageDevices, AskTheNextServerForWhatTheEarlierOneDidNotAnswer) {
    connect(1);
    const auto device = openFile(path_, O_RDONLY | O_DIRECT);
    struct Aligned {
        alignas(4096) std::array<char, 4096> bytes;
    };
    Aligned first{};
    Aligned second{};
    ASSERT_EQ(::pread(device.get(), first.bytes.data(), first.bytes.size(), 0), 4096);
    ssize_t got = 0;
    std::thread reader(
        [&] { got = ::pread(device.get(), second.bytes.data(), second.bytes.size(), 1 << 20); });
    server_->waitForEnd();
    reconnect();
    reader.join();
    EXPECT_EQ(got, 4096);
    EXPECT_EQ(std::string(second.bytes.data(), 4096), image_.substr(1U << 20U, 4096));
}

// A read is under way when the device is to be exchanged, and its server dies.
TEST_F(ImageDevices, AreExchangedWhenAnotherServerHasAnswered) {
    ASSERT_TRUE(loadKernelModule("brd", "rd_nr=1 rd_size=65536"));
    connect(1);
    MappedDevice mapped(name, numberOf(path_), image_.size());
    struct Aligned {
        alignas(4096) std::array<char, 4096> bytes;
    };
    Aligned first{};
    Aligned second{};
    {
        const auto device = openFile(mapped.path(), O_RDONLY | O_DIRECT);
        ASSERT_EQ(::pread(device.get(), first.bytes.data(), first.bytes.size(), 0), 4096);
        ssize_t got = 0;
        std::thread reader(
            [&] { got = ::pread(device.get(), second.bytes.data(), second.bytes.size(), 1 << 20); });
        server_->waitForEnd(); // it has got that read
        std::atomic<bool> exchanged = false;
        std::thread exchange([&] {
            mapped.show(numberOf("/dev/ram0"));
            exchanged = true;
        });
        reconnect();
        exchange.join();
        reader.join();
        EXPECT_TRUE(exchanged);
        EXPECT_EQ(got, 4096);
    }
    EXPECT_EQ(std::string(second.bytes.data(), 4096), image_.substr(1U << 20U, 4096));
    mapped.remove();
}

TEST_F(ImageDevices, AreNotMadeWhereTheKernelLooksForPartitions) {
    for (int attempt = 0; !unloadKernelModule("nbd"); ++attempt) {
        if (attempt == 250) {
            GTEST_SKIP() << "the kernel's nbd is in use";
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(loadKernelModule("nbd", "nbds_max=0 max_part=16"));
    const auto sockets = makeNbdSockets();
    try {
        NbdDevice(sockets.kernel, {.size = 1U << 20U, .blockSize = blockSize}).disconnect();
        ADD_FAILURE() << "it was connected";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Unsupported);
        EXPECT_NE(std::string(error.what()).find("to look for partitions (max_part="), std::string::npos)
            << error.what();
    }
    EXPECT_TRUE(unloadKernelModule("nbd"));
}

TEST_F(ImageDevices, MapOneDeviceAfterTheOther) {
    connect();
    MappedDevice mapped(name, numberOf(path_), image_.size());
    const auto path = mapped.path();
    EXPECT_EQ(readAt(openFile(path), 4096, 8192), image_.substr(4096, 8192));
    EXPECT_THROW(MappedDevice(name, numberOf(path_), image_.size()), Error) << "the same name";
    mapped.remove();
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ImageDevices, ShowWhatTheyShowedIfTheNextOneIsInUse) {
    ASSERT_TRUE(loadKernelModule("brd", "rd_nr=1 rd_size=65536"));
    connect();
    MappedDevice mapped(name, numberOf(path_), image_.size());
    const auto path = mapped.path();
    {
        const auto held = openFile("/dev/ram0", O_RDWR | O_EXCL);
        EXPECT_THROW(mapped.show(numberOf("/dev/ram0")), Error);
    }
    EXPECT_EQ(readAt(openFile(path), 0, 8192), image_.substr(0, 8192));
    mapped.remove();
}

// The whole of it: a squashfs is mounted while its image is on the server, and goes on being read while the
// device beneath becomes a RAM disk, and the server is gone.
TEST_F(ImageDevices, AreExchangedUnderAMountedFileSystem) {
    const char* const folder = std::getenv("BOOTFERRY_TEST_SQUASHFS"); // NOLINT(concurrency-mt-unsafe)
    if (folder == nullptr) {
        GTEST_SKIP() << "BOOTFERRY_TEST_SQUASHFS is not set";
    }
    image_ = contentsOf(std::string(folder) + "/squashfs.img");
    const auto expected = contentsOf(std::string(folder) + "/bytes");
    ASSERT_FALSE(image_.empty() || expected.empty());
    ASSERT_TRUE(loadKernelModule("brd", "rd_nr=1 rd_size=65536"));
    {
        const auto ram = openFile("/dev/ram0", O_RDWR);
        ASSERT_EQ(::write(ram.get(), image_.data(), image_.size()), static_cast<ssize_t>(image_.size()));
        ASSERT_EQ(::fsync(ram.get()), 0);
    }
    connect();
    MappedDevice mapped(name, numberOf(path_), image_.size());
    const auto path = mapped.path();
    const std::string mountPoint = "/run/bootferry-test";
    (void)::mkdir(mountPoint.c_str(), 0700);
    requireFilesystem("squashfs");
    ASSERT_EQ(::mount(path.c_str(), mountPoint.c_str(), "squashfs", MS_RDONLY, nullptr), 0);

    std::atomic<int> rounds{0};
    std::atomic<bool> done{false};
    std::atomic<bool> same{true};
    std::thread reader([&] {
        while (!done) {
            dropCaches();
            same = same && contentsOf(mountPoint + "/bytes") == expected;
            ++rounds;
            rounds.notify_one();
        }
    });
    const auto waitForRounds = [&](int more) {
        const int end = rounds + more;
        for (int now = rounds; now < end; now = rounds) {
            rounds.wait(now);
        }
    };
    waitForRounds(2);
    mapped.show(numberOf("/dev/ram0"));
    device_->disconnect();
    device_.reset();
    server_->waitForEnd();
    waitForRounds(2);
    done = true;
    reader.join();
    EXPECT_TRUE(same);
    EXPECT_EQ(::access(("/sys/block/" + path.substr(5) + "/slaves/ram0").c_str(), F_OK), 0);
    EXPECT_EQ(::umount(mountPoint.c_str()), 0);
    mapped.remove();
}

} // namespace
} // namespace bootferry
