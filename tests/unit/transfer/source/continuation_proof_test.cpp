// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the table in the header, in its order, without a checksum and with one.
#include "continuation_proof.h"

#include <array>
#include <ostream>

#include <gtest/gtest.h>

namespace bootferry {

static std::ostream& operator<<(std::ostream& out, Proof proof) {
    constexpr std::array names{"answer", "last bytes", "bytes", "telling bytes"};
    return out << names.at(static_cast<std::size_t>(proof));
}

namespace {

TEST(ContinuationProofTest, TheFirstRowThatAppliesCounts) {
    const struct {
        const char* row;
        ContinuationFacts facts;
        Proof proof;
        Proof underAChecksum;
    } table[] = {
        // clang-format off
        //                                  same   shown  strong offset proved violation
        {"no validator",                   {true,  false, false, true,  true,  false}, Proof::TellingBytes, Proof::Bytes},
        {"another server, strong tag",     {false, true,  true,  true,  true,  false}, Proof::TellingBytes, Proof::Bytes},
        {"another server, after violation",{false, true,  true,  true,  true,  true},  Proof::TellingBytes, Proof::Bytes},
        {"an offset without proof",        {true,  true,  true,  false, false, false}, Proof::TellingBytes, Proof::Bytes},
        {"an offset that was proved",      {true,  true,  true,  false, true,  false}, Proof::Bytes,        Proof::Bytes},
        {"a time",                         {true,  true,  false, true,  false, false}, Proof::Bytes,        Proof::Bytes},
        {"after a violation",              {true,  true,  true,  true,  false, true},  Proof::LastBytes,    Proof::LastBytes},
        {"a time, after a violation",      {true,  true,  false, true,  false, true},  Proof::Bytes,        Proof::Bytes},
        {"the same with a strong tag",     {true,  true,  true,  true,  false, false}, Proof::Answer,       Proof::Answer},
        // clang-format on
    };
    for (auto [row, facts, proof, underAChecksum] : table) {
        EXPECT_EQ(proofFor(facts), proof) << row;
        facts.contentIsVerified = true;
        EXPECT_EQ(proofFor(facts), underAChecksum) << row << ", with a checksum";
    }
}

// No fact that is missing makes a continuation easier.
TEST(ContinuationProofTest, LessEvidenceIsNeverLessToProve) {
    for (unsigned bits = 0; bits < 128; ++bits) {
        const auto factsOf = [](unsigned set) {
            return ContinuationFacts{.isSameResource = (set & 1U) != 0,
                                     .showsVersion = (set & 2U) != 0,
                                     .isStrong = (set & 4U) != 0,
                                     .showsOffset = (set & 8U) != 0,
                                     .provedOffset = (set & 16U) != 0,
                                     .mayEndWrong = (set & 32U) == 0,
                                     .contentIsVerified = (set & 64U) != 0};
        };
        for (unsigned one = 1; one < 128; one *= 2) {
            EXPECT_GE(proofFor(factsOf(bits & ~one)), proofFor(factsOf(bits | one))) << bits << " " << one;
        }
    }
}

// The least is what the header promises, and more evidence never needs more bytes.
TEST(ContinuationProofTest, EachProofHasALeastNumberOfBytes) {
    EXPECT_EQ(leastCompared(Proof::Answer), 0U);
    EXPECT_EQ(leastCompared(Proof::LastBytes), 16U);
    EXPECT_EQ(leastCompared(Proof::Bytes), 4096U);
    EXPECT_EQ(leastCompared(Proof::TellingBytes), 4096U);
}

TEST(ContinuationProofTest, ShortAnswersAreComparedLess) {
    const struct {
        const char* row;
        std::uint64_t most;
        std::uint64_t compared;
        std::uint64_t fresh;
        std::uint64_t next;
    } table[] = {
        {"nothing was compared", 65'536, 0, 10, 65'536},
        {"it brought more than it repeated", 65'536, 65'536, 65'536, 65'536},
        {"it brought less", 65'536, 65'536, 65'535, 8192},
        {"it ended in the comparison", 65'536, 65'536, 0, 8192},
        {"an eighth is enough", 8192, 8192, 57'344, 8192},
        {"an eighth is too much", 8192, 8192, 100, 1024},
        {"less than the most was there", 65'536, 800, 0, 100},
        {"the least is more than the most", 1024, 4096, 0, 128},
        {"answers are long again", 1024, 4096, 126'976, 65'536},
    };
    for (const auto& [row, most, compared, fresh, next] : table) {
        EXPECT_EQ(nextMostCompared(most, compared, fresh), next) << row;
    }
}

} // namespace
} // namespace bootferry
