// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_properties.h"

#include <set>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

// Converts to any type, to count the members of an aggregate by initialising them.
struct Anything {
    template <typename Value>
    operator Value() const; // NOLINT(google-explicit-constructor): intended
};

template <typename Aggregate, typename... Members>
constexpr std::size_t memberCount() {
    if constexpr (requires { Aggregate{Members{}..., Anything{}}; }) {
        return memberCount<Aggregate, Members..., Anything>();
    } else {
        return sizeof...(Members);
    }
}

constexpr std::size_t statusMembers = memberCount<Progress>() + memberCount<TransferStatus, Progress>() - 1;

template <typename Value>
void change(Value& value) {
    value = value == Value(7) ? Value(8) : Value(7);
}
void change(bool& value) {
    value = !value;
}
void change(std::string& value) {
    value += "a \"quoted\" text";
}
void change(std::vector<std::string>& value) {
    value = {"http://a/x", "b, \"c\""};
}
void change(TransferState& value) {
    value = TransferState::Verifying;
}

TransferStatus withChanged(const TransferProperty& property) {
    TransferStatus status;
    visitProperty(property, status, [](auto& value) { change(value); });
    return status;
}

TEST(TransferProperties, EveryMemberOfTheStatusHasARow) {
    EXPECT_EQ(std::size(transferProperties), statusMembers);
    for (const auto& property : transferProperties) {
        const auto changed = withChanged(property);
        for (const auto& other : transferProperties) {
            EXPECT_EQ(differs(other, changed, TransferStatus()), &other == &property)
                << property.name << " and " << other.name;
        }
    }
}

TEST(TransferProperties, NamesAndKeysAreUnique) {
    std::set<std::string_view> names;
    std::set<std::string_view> keys;
    for (const auto& property : transferProperties) {
        EXPECT_TRUE(names.insert(property.name).second) << property.name;
        EXPECT_TRUE(property.json.key == nullptr || keys.insert(property.json.key).second) << property.name;
        EXPECT_EQ(findTransferProperty(property.name), &property);
    }
    EXPECT_EQ(findTransferProperty("Colour"), nullptr);
}

TEST(TransferProperties, TypesAreThoseOfDBus) {
    EXPECT_STREQ(signatureOf(*findTransferProperty("Id")), "u");
    EXPECT_STREQ(signatureOf(*findTransferProperty("Url")), "s");
    EXPECT_STREQ(signatureOf(*findTransferProperty("State")), "s");
    EXPECT_STREQ(signatureOf(*findTransferProperty("BytesTotal")), "t");
    EXPECT_STREQ(signatureOf(*findTransferProperty("Progress")), "d");
    EXPECT_STREQ(signatureOf(*findTransferProperty("Reused")), "b");
    EXPECT_STREQ(signatureOf(*findTransferProperty("Sources")), "as");
}

TEST(TransferProperties, PropertiesWithAKeyRoundTripThroughJson) {
    for (const auto& property : transferProperties) {
        if (property.json.key == nullptr) {
            continue;
        }
        const auto status = withChanged(property);
        const auto read = transferFromJson(toJson(status).text(JsonStyle::Short));
        ASSERT_TRUE(read) << property.name;
        EXPECT_EQ(*read, status) << property.name;
    }
}

TEST(TransferProperties, UnknownInitialValuesAreNull) {
    for (const auto& property : transferProperties) {
        if (property.json.key == nullptr) {
            continue;
        }
        const auto null = "\"" + std::string(property.json.key) + "\":null";
        const auto holds = [&](const TransferStatus& status) {
            return toJson(status).text(JsonStyle::Short).find(null) != std::string::npos;
        };
        EXPECT_EQ(holds(TransferStatus()), property.json.nullAtFirst) << property.name;
        EXPECT_FALSE(holds(withChanged(property))) << property.name;
    }
}

// The texts are used in the manual, and as comments in the introspection file, where XML allows no "--".
TEST(TransferProperties, TextsAreSentences) {
    for (const auto& property : transferProperties) {
        const std::string_view text = property.text;
        EXPECT_TRUE(text.ends_with('.')) << property.name;
        EXPECT_EQ(text.find("--"), std::string_view::npos) << property.name;
        EXPECT_EQ(text.find_first_of("\\\n<&"), std::string_view::npos) << property.name;
    }
}

} // namespace
} // namespace bootferry
