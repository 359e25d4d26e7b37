// SPDX-License-Identifier: LGPL-2.1-or-later
// Both generations' first words, whole and octet by octet.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "challenge.h"
#include "greeting.h"
#include "host.h"

namespace bootferry::dolly {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string classicTab =
    "infile a\noutfile b\nserver s\nfirstclient n1\nlastclient n1\nclients 1\nn1\nendconfig\n";
const std::string shortTab = "infile a\noutfile b\nn1\nendconfig\n";
const std::string noDirectory(4, '\0');

struct Refusal {
    bootferry_error code;
    std::string why;
};

Refusal refusalOf(const std::optional<std::string>& password, const std::string& bytes) {
    Greeting greeting(password);
    try {
        greeting.feed(bytes);
    } catch (const plugin::Failure& failure) {
        return {failure.code(), failure.what()};
    }
    return {BOOTFERRY_ERROR_INTERNAL, "accepted"};
}

TEST(Greeting, Classic) {
    Greeting greeting({});
    greeting.feed(classicTab);
    ASSERT_TRUE(greeting.complete());
    EXPECT_EQ(greeting.generation(), Generation::Classic);
    EXPECT_EQ(greeting.takeReply(), "");
    EXPECT_THAT(greeting.dollytab().hosts, ElementsAre("n1"));
}

TEST(Greeting, OctetByOctet) {
    for (const auto& bytes : {classicTab, "\0"s + noDirectory + shortTab}) {
        Greeting greeting({});
        for (const char octet : bytes) {
            greeting.feed({&octet, 1});
        }
        ASSERT_TRUE(greeting.complete());
        EXPECT_THAT(greeting.dollytab().hosts, ElementsAre("n1"));
    }
}

// Computed by sha256sum: of "secret", and of that digest with 32 octets 'n' behind it.
TEST(Greeting, TheChallengeIsAnswered) {
    Greeting greeting("secret");
    greeting.feed("\1"s + std::string(digestSize, 'n'));
    const auto reply = greeting.takeReply();
    std::string hex;
    for (const char octet : reply) {
        constexpr const char* digits = "0123456789abcdef";
        hex += digits[static_cast<unsigned char>(octet) >> 4];
        hex += digits[static_cast<unsigned char>(octet) & 15];
    }
    EXPECT_EQ(hex, "13d555f39f5db7d1b84d96356c06d38d9d76dc58c96965865961d70d17ab1588");
    greeting.feed("OK\0"s + noDirectory + shortTab);
    ASSERT_TRUE(greeting.complete());
    EXPECT_TRUE(greeting.passwordUsed());
    EXPECT_EQ(greeting.generation(), Generation::Password);
}

TEST(Greeting, Refusals) {
    EXPECT_THAT(refusalOf("secret", "\1"s + std::string(digestSize, 'n') + "AUTH_FAILED:n1\0"s).why,
                HasSubstr("another password"));
    EXPECT_THAT(refusalOf({}, "\1").why, HasSubstr("requires a password"));
    EXPECT_THAT(refusalOf("secret", "\0"s).why, HasSubstr("requires no password"));
    EXPECT_THAT(refusalOf("secret", "infile").why, HasSubstr("classic"));
    EXPECT_EQ(refusalOf("secret", "infile").code, BOOTFERRY_ERROR_AUTH);
    EXPECT_THAT(refusalOf({}, "\0\1\0\0\0"s).why, HasSubstr("directories"));
    EXPECT_THAT(refusalOf({}, "GET / HTTP/1.1\r\n").why, HasSubstr("neither generation"));
    EXPECT_THAT(refusalOf("secret", "\1"s + std::string(digestSize + 600, 'n')).why,
                HasSubstr("verdict on the password is invalid"));
    EXPECT_THAT(refusalOf({}, "i" + std::string(longestDollytab, 'x')).why, HasSubstr("does not end"));
}

TEST(Greeting, GarbageIsRefusedOrIncomplete) {
    constexpr int rounds = 5000;
    int refused = 0;
    std::mt19937 random(9998); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same garbage each time
    for (int round = 0; round < rounds; ++round) {
        std::string bytes(random() % 200, '\0');
        for (auto& octet : bytes) {
            octet = static_cast<char>(random());
        }
        if (!bytes.empty()) {
            bytes[0] = static_cast<char>(round % 2);
        }
        Greeting greeting(round % 3 == 0 ? std::optional<std::string>("secret") : std::nullopt);
        try {
            greeting.feed(bytes);
            EXPECT_FALSE(greeting.complete()) << round;
        } catch (const plugin::Failure& failure) {
            const std::string why = failure.what();
            EXPECT_TRUE(failure.code() == BOOTFERRY_ERROR_PROTOCOL || failure.code() == BOOTFERRY_ERROR_AUTH);
            EXPECT_FALSE(why.empty());
            EXPECT_EQ(why.find('\n'), std::string::npos) << why;
            ++refused;
        }
    }
    EXPECT_GT(refused, 0);
    EXPECT_LT(refused, rounds);
}

} // namespace
} // namespace bootferry::dolly
