// SPDX-License-Identifier: LGPL-2.1-or-later
// The digest is that of the stream in its order, whether bytes come from memory or are read back from a file.
#include "stream_digest.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../source/fake_transport.h"
#include "errors.h"
#include "handles.h"
#include "sha256_of.h"

namespace bootferry {
namespace {

class StreamDigestTest : public testing::Test {
protected:
    StreamDigestTest() { put(stream); }

    void put(std::string_view text) const {
        EXPECT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }

    static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

    const std::string stream = someContent(3000000);
    UniqueFd file{::memfd_create("target", MFD_CLOEXEC)};
    StreamDigest digest{"sha256"};
};

TEST_F(StreamDigestTest, MixesBytesFromMemoryAndFromAFile) {
    const std::string_view text = stream;
    digest.update(bytes(text.substr(0, 1000)));
    digest.updateFromFile(file.get(), 1000, 1500000);
    digest.updateFromFile(file.get(), 1501000, 5);
    digest.update(bytes(text.substr(1501005, 1)));
    digest.updateFromFile(file.get(), 1501006, text.size() - 1501006);
    digest.updateFromFile(file.get(), text.size(), 0);
    EXPECT_EQ(digest.finish(), sha256Of(text));
}

TEST_F(StreamDigestTest, ReadsOtherPositionsAndFilesInTheOrderOfTheCalls) {
    const UniqueFd other(::memfd_create("other", MFD_CLOEXEC));
    ASSERT_EQ(::write(other.get(), "other", 5), 5);
    digest.updateFromFile(file.get(), 2000000, 1000000);
    digest.updateFromFile(file.get(), 0, 2000000);
    digest.updateFromFile(other.get(), 0, 5);
    const std::string_view text = stream;
    EXPECT_EQ(digest.finish(),
              sha256Of(std::string(text.substr(2000000)).append(text.substr(0, 2000000)) + "other"));
}

TEST_F(StreamDigestTest, ResetDropsPendingReads) {
    digest.updateFromFile(file.get(), 0, stream.size());
    digest.reset();
    digest.update(bytes("a"));
    digest.updateFromFile(file.get(), 10, 20);
    EXPECT_EQ(digest.finish(), sha256Of("a" + stream.substr(10, 20)));
}

TEST_F(StreamDigestTest, ReportsAReadFailureUntilTheReset) {
    digest.updateFromFile(file.get(), stream.size() - 1, 2);
    for (int i = 0; i < 2; ++i) {
        try {
            (void)digest.finish();
            FAIL() << "nothing was thrown";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Io);
            EXPECT_STREQ(error.what(),
                         "the target was truncated by another process: cannot read it back at byte 3000000");
        }
    }
    EXPECT_THROW(digest.update(bytes("a")), Error);
    digest.reset();
    digest.update(bytes("a"));
    EXPECT_EQ(digest.finish(), sha256Of("a"));
}

TEST_F(StreamDigestTest, NamesThePositionInAClosedFile) {
    digest.updateFromFile(-1, 5, 2);
    try {
        (void)digest.finish();
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "reading the target back at byte 5: Bad file descriptor");
    }
}

} // namespace
} // namespace bootferry
