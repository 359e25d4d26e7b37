// SPDX-License-Identifier: LGPL-2.1-or-later
#include "url_file_name.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

std::string nameIn(const std::string& path) {
    try {
        return fileNameOf(Url::parse("http://user:secret@host" + path));
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        EXPECT_EQ(std::string_view(error.what()).find("secret"), std::string_view::npos);
        return "refused";
    }
}

TEST(UrlFileName, IsTheLastPartOfThePath) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"/live.iso", "live.iso"},
        {"/a/b/live.iso", "live.iso"},
        {"/a/live.iso?token=1/2", "live.iso"},
        {"/a/live.iso#part", "live.iso"},
        {"/a%20b.iso", "a b.iso"},
        {"/%C3%BC.iso", "\xC3\xBC.iso"},
        {"/a%2Fb/live.iso", "live.iso"},
        {"/.hidden", ".hidden"},
        {"/...", "..."},
        {"/-o", "-o"},
        {"/100%25.iso", "100%.iso"},
        {"/a%3Fb", "a?b"},
    };
    for (const auto& [path, name] : table) {
        EXPECT_EQ(nameIn(path), name) << path;
    }
}

TEST(UrlFileName, IsNeverAPathOrUnprintable) {
    for (const auto* path : {"",
                             "/",
                             "/a/",
                             "/a/?x=y",
                             "/.",
                             "/..",
                             "/%2e%2E",
                             "/%2E",
                             "/a/../..",
                             "/%2e%2e%2fpasswd",
                             "/a%2Fb",
                             "/a%2fb",
                             "/%2F",
                             "/-",
                             "/%2d",
                             "/a%00b",
                             "/a%0Ab",
                             "/%1b[2J",
                             "/a%7F",
                             "/%C2%9B1m",
                             "/%E2%80%AEosi.live",
                             "/%FF",
                             "/?a"}) {
        EXPECT_EQ(nameIn(path), "refused") << path;
    }
}

} // namespace
} // namespace bootferry
