// SPDX-License-Identifier: LGPL-2.1-or-later
#include "luks_device.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "cryptsetup_library.h"
#include "errors.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

#if BOOTFERRY_VERITY

constexpr std::size_t headerSize = 16384; // each of the two copies
constexpr std::size_t checksumBegin = 448;
constexpr std::size_t checksumRoom = 64;

class LuksDevice : public testing::Test {
protected:
    LuksDevice() {
        std::ofstream(path_).close();
        std::filesystem::resize_file(path_, 32U << 20U);
        const std::string key(64, 'k');
        const CryptsetupLibrary library(encrypting);
        const CryptDevice crypt(library, path_);
        crypt_params_luks2 parameters{};
        parameters.sector_size = 512;
        crypt.check(library.format(crypt.get(), CRYPT_LUKS2, "aes", "xts-plain64", nullptr, key.data(),
                                   key.size(), &parameters));
    }
    ~LuksDevice() override { std::filesystem::remove(path_); }

    // As somebody does who has the disk: the checksums are no secret.
    void replaceInHeader(std::string_view from, std::string_view to) const {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        for (const std::size_t begin : {std::size_t{0}, headerSize}) {
            std::string header(headerSize, '\0');
            file.seekg(static_cast<std::streamoff>(begin));
            file.read(header.data(), static_cast<std::streamsize>(header.size()));
            const auto at = header.find(from);
            ASSERT_NE(at, std::string::npos);
            header.replace(at, from.size(), to);
            header.replace(checksumBegin, checksumRoom, checksumRoom, '\0');
            std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
            unsigned length = 0;
            ASSERT_EQ(EVP_Digest(header.data(), header.size(), digest.data(), &length, EVP_sha256(), nullptr),
                      1);
            std::copy_n(digest.begin(), length, header.begin() + checksumBegin);
            file.seekp(static_cast<std::streamoff>(begin));
            file.write(header.data(), static_cast<std::streamsize>(header.size()));
        }
    }

    // It has no passphrase.
    [[nodiscard]] std::string refusal() const {
        try {
            (void)openLuks(path_, "bootferry-luks-device-test", Secret("geheim"), Access::ReadOnly);
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }

    const std::filesystem::path path_ =
        std::filesystem::path(testing::TempDir()) / "bootferry-luks-device-test";
};

TEST_F(LuksDevice, IsNotOpenedIfItsHeaderNamesNoEncryption) {
    EXPECT_THAT(refusal(), Not(HasSubstr("its contents are not encrypted")));
    replaceInHeader("\"encryption\":\"aes-xts-plain64\"", "\"encryption\":\"cipher_null-ecb\"");
    EXPECT_THAT(refusal(), HasSubstr("its contents are not encrypted"));
}

#endif

} // namespace
} // namespace bootferry
