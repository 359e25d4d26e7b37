// SPDX-License-Identifier: LGPL-2.1-or-later
#include "passphrase.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

class Passphrase : public testing::Test {
protected:
    Passphrase() {
        std::filesystem::create_directories(folder_);
        ::setenv("BOOTFERRY_SYSTEM_CREDENTIALS", folder_.c_str(), 1);
    }
    ~Passphrase() override {
        ::unsetenv("BOOTFERRY_SYSTEM_CREDENTIALS");
        std::filesystem::remove_all(folder_);
    }

    void write(const std::string& text) const {
        std::ofstream(folder_ / passphraseCredential, std::ios::binary) << text;
    }
    [[nodiscard]] std::string read() const {
        const auto passphrase = readPassphrase(folder_);
        return passphrase ? passphrase->text() : "none";
    }

    const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "bootferry-passphrase";
};

TEST_F(Passphrase, TheLineEndOfAnEditorIsNotPartOfIt) {
    EXPECT_EQ(read(), "none");
    for (const char* text : {" geheim ", " geheim \n", " geheim \r\n"}) {
        write(text);
        EXPECT_EQ(read(), " geheim ");
    }
    write("a\n\n");
    EXPECT_EQ(read(), "a\n");
}

TEST_F(Passphrase, AnEmptyOneIsNone) {
    write("\n");
    EXPECT_EQ(read(), "none");
}

TEST_F(Passphrase, TheCredentialIsTriedFirstAndMadeWithoutAQuestion) {
    write("geheim\n");
    EXPECT_EQ(PassphraseSource("x", "y").next().text(), "geheim");
    EXPECT_EQ(PassphraseSource("x", "y").choose().text(), "geheim");
}

TEST(SecretText, MovesWithoutACopy) {
    Secret first("geheim");
    const Secret second(std::move(first));
    EXPECT_EQ(second.text(), "geheim");
}

} // namespace
} // namespace bootferry
