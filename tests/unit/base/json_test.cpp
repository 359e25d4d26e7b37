// SPDX-License-Identifier: LGPL-2.1-or-later
#include "json.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(Json, ShortIsOneLineAndPrettyIsSeveral) {
    JsonObject object;
    object.add("text", "a");
    object.add("number", std::uint64_t{18446744073709551615U});
    object.add("real", 0.5);
    object.add("truth", true);
    object.addNull("nothing");
    object.add("list", std::vector<std::string>{"a", "b"});
    EXPECT_EQ(
        object.text(JsonStyle::Short),
        R"({"text":"a","number":18446744073709551615,"real":0.500,"truth":true,"nothing":null,"list":["a","b"]})");
    JsonObject one;
    one.add("a", "b");
    EXPECT_EQ(one.text(JsonStyle::Pretty), "{\n  \"a\": \"b\"\n}");
    EXPECT_EQ(jsonArray({one, one}, JsonStyle::Short), R"([{"a":"b"},{"a":"b"}])");
}

TEST(Json, ReadsBackWhatItWrites) {
    const std::string odd = "quote \" backslash \\ line\nend\x01 ü";
    JsonObject object;
    object.add("odd", odd);
    object.add("number", std::uint64_t{18446744073709551615U});
    object.add("real", 1.25);
    object.add("truth", false);
    object.addNull("nothing");
    for (const auto style : {JsonStyle::Short, JsonStyle::Pretty}) {
        const auto members = parseJsonObject(object.text(style));
        ASSERT_TRUE(members);
        EXPECT_EQ(members->at("odd"), JsonValue(odd));
        EXPECT_EQ(members->at("number"), JsonValue(std::uint64_t{18446744073709551615U}));
        EXPECT_EQ(members->at("real"), JsonValue(1.25));
        EXPECT_EQ(members->at("truth"), JsonValue(false));
        EXPECT_EQ(members->at("nothing"), JsonValue(nullptr));
    }
}

TEST(Json, ReturnsNulloptForAnythingButAFlatObject) {
    for (const char* text : {"", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1} x", "{\"a\":tru}",
                             "{\"a\":\"b}", "{\"a\":1 \"b\":2}", "{\"a\":\"\\u00\"}", "{\"a\":{}}"}) {
        EXPECT_FALSE(parseJsonObject(text)) << text;
    }
    EXPECT_TRUE(parseJsonObject(" { } "));
}

TEST(Json, IsUtf8) {
    JsonObject object;
    object.add("a", "\xff");
    object.add("\xc3", std::vector<std::string>{"\x80"});
    EXPECT_EQ(object.text(JsonStyle::Short), "{\"a\":\"\xef\xbf\xbd\",\"\xef\xbf\xbd\":[\"\xef\xbf\xbd\"]}");
}

TEST(Json, ReadsArraysOfStrings) {
    using Texts = std::vector<std::string>;
    const auto read = [](std::string_view text) { return parseJsonObject(text); };
    EXPECT_EQ(std::get<Texts>(read(R"({"a": [ ]})")->at("a")), Texts{});
    EXPECT_EQ(std::get<Texts>(read(R"({"a": ["x" , "]\""]})")->at("a")), (Texts{"x", "]\""}));
    for (const auto* text : {R"({"a": [})", R"({"a": ["x"})", R"({"a": ["x" "y"]})", R"({"a": [1]})",
                             R"({"a": ["x",]})", R"({"a": [["x"]]})"}) {
        EXPECT_FALSE(read(text)) << text;
    }
}

} // namespace
} // namespace bootferry
