// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_arguments.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "errors.h"
#include "fetch_verbs.h"
#include "files.h"
#include "verbs.h"

namespace bootferry {
namespace {

TransferRequest parsed(const char* verb, std::vector<std::string> words) {
    words.insert(words.begin(), verb);
    return parseTransferArguments(parseCommandLine(allVerbs(), words));
}

std::string refusal(const std::vector<std::string>& arguments) {
    try {
        (void)parsed("deploy", arguments);
    } catch (const Error& error) {
        const bool isMissing = std::string(error.what()).find("/nonexistent") != std::string::npos ||
                               std::string(error.what()).find("SHA256SUMS.none") != std::string::npos;
        EXPECT_EQ(error.code(), isMissing ? ErrorCode::NotFound : ErrorCode::Invalid) << error.what();
        return error.what();
    }
    return "accepted";
}

TEST(TransferArguments, ReadWhatTheGeneratorWrites) {
    const auto request = parsed("deploy", {"--ramdisk-size=4096", "--mirror=http://b/x", "--stall-timeout=60",
                                           "--timeout=5min", "--connections=1", "--option=curl:limit-rate=1m",
                                           "--reset", "http://a/x", "/dev/ram0"});
    EXPECT_EQ(request.url.redacted(), "http://a/x");
    EXPECT_EQ(request.target, "/dev/ram0");
    EXPECT_EQ(request.ramdiskSize, 4096U);
    EXPECT_EQ(request.mirrors.at(0).redacted(), "http://b/x");
    EXPECT_EQ(request.stallTimeout, std::chrono::seconds(60));
    EXPECT_EQ(request.timeout, std::chrono::minutes(5));
    EXPECT_EQ(request.connections, 1U);
    EXPECT_EQ(request.pluginOptions.at(0), (PluginOption{"curl", "limit-rate", "1m"}));
    EXPECT_TRUE(request.reset);
}

TEST(TransferArguments, TakeSecretsFromFiles) {
    std::string name = testing::TempDir() + "secrets-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    for (const std::string end : {"\n", "\r\n"}) {
        writeFileAtomically(folder / "userinfo", "an%6ea:ge%3aheim" + end, 0600);
        writeFileAtomically(folder / "options",
                            "# a comment" + end + "curl:pass=a=b" + end + end + "curl:proxy-user=x:y" + end,
                            0600);
        const auto request =
            parsed("fetch", {"http://a/x", "--userinfo-file=" + (folder / "userinfo").string(), "file",
                             "--options-file=" + (folder / "options").string()});
        EXPECT_EQ(request.url.userinfo()->user, "anna");
        EXPECT_EQ(request.url.userinfo()->password, "ge:heim");
        ASSERT_EQ(request.pluginOptions.size(), 2U);
        EXPECT_EQ(request.pluginOptions.at(0), (PluginOption{"curl", "pass", "a=b"}));
        EXPECT_EQ(request.pluginOptions.at(1).value, "x:y");
    }
    std::filesystem::remove_all(folder);
}

TEST(TransferArguments, NameTheLineOfAnOptionsFile) {
    std::string name = testing::TempDir() + "options-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const auto path = (folder / "options").string();
    writeFileAtomically(path, "curl:pass=secret\n#\nsecret\n", 0600);
    EXPECT_EQ(refusal({"--options-file=" + path, "http://a/x", "file"}),
              "--options-file: '" + path +
                  "', line 3: expected PLUGIN:KEY=VALUE, such as curl:cacert=/etc/ca.pem");
    std::filesystem::remove_all(folder);
}

TEST(TransferArguments, RefuseALoginThatTheSchemeHasNot) {
    std::string name = testing::TempDir() + "secrets-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    writeFileAtomically(folder / "userinfo", "anna:geheim\n", 0600);
    const auto why = refusal({"--userinfo-file=" + (folder / "userinfo").string(), "tftp://a/x", "file"});
    EXPECT_NE(why.find("--userinfo-file: 'tftp://a/x' is not a usable URL: tftp has no login"),
              std::string::npos)
        << why;
    EXPECT_EQ(why.find("geheim"), std::string::npos) << why;
    std::filesystem::remove_all(folder);
}

TEST(TransferArguments, RefuseALoginThatIsNone) {
    std::string name = testing::TempDir() + "secrets-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const auto why = [&](const std::string& text) {
        writeFileAtomically(folder / "userinfo", text, 0600);
        return refusal({"--userinfo-file=" + (folder / "userinfo").string(), "http://a/x", "file"});
    };
    for (const char* empty : {"", "\n", "\nanna:x\n"}) {
        EXPECT_NE(why(empty).find("is empty"), std::string::npos) << why(empty);
    }
    for (const char* text : {"anna:12/34", "anna:1?2", "anna#:12", "an@na:12"}) {
        EXPECT_NE(why(text).find("write '/', '?', '#' and '@'"), std::string::npos) << why(text);
        EXPECT_EQ(why(text).find("12"), std::string::npos) << why(text);
    }
    for (const char* text : {"user:p%12zz", "user%:12", "user:12%0"}) {
        EXPECT_NE(why(text).find("percent-encoded"), std::string::npos) << why(text);
        EXPECT_EQ(why(text).find("x://"), std::string::npos) << why(text);
        EXPECT_EQ(why(text).find("12"), std::string::npos) << why(text);
    }
    std::filesystem::remove_all(folder);
}

TEST(TransferArguments, ContinueByDefault) {
    EXPECT_FALSE(parsed("fetch", {"http://a/x", "b"}).continues);
    EXPECT_EQ(parsed("fetch", {"--continue", "http://a/x", "b"}).continues, true);
    EXPECT_EQ(parsed("fetch", {"--no-continue", "http://a/x", "b"}).continues, false);
}

TEST(TransferArguments, TakeTheTargetFromThreePlaces) {
    EXPECT_EQ(parsed("fetch", {"http://a/dir/x%20y?z", "b"}).target, "b");
    EXPECT_EQ(parsed("fetch", {"http://a/dir/x%20y?z", "-o", "b"}).target, "b");
    EXPECT_EQ(parsed("fetch", {"http://a/dir/x%20y?z"}).target, "x y");
    EXPECT_EQ(parsed("fetch", {"http://a/x", "-"}).target, "-");
    EXPECT_FALSE(isTargetNamed(parseCommandLine(allVerbs(), {"fetch", "http://a/x"})));
    EXPECT_TRUE(isTargetNamed(parseCommandLine(allVerbs(), {"fetch", "http://a/x", "x"})));
    EXPECT_TRUE(isTargetNamed(parseCommandLine(allVerbs(), {"fetch", "-ox", "http://a/x"})));
}

TEST(TransferArguments, LookUpTheChecksumInAListOnThisMachine) {
    std::string name = testing::TempDir() + "sums-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const std::string hex(64, 'a');
    writeFileAtomically(folder / "SHA256SUMS", hex + "  x.iso\n", 0644);
    const auto option = "--checksum=" + (folder / "SHA256SUMS").string();
    EXPECT_EQ(parsed("deploy", {option, "http://a/x.iso", "/dev/ram0"}).checksum, "sha256:" + hex);
    EXPECT_EQ(parsed("deploy", {"--checksum=" + hex, "http://a/y.iso", "/dev/ram0"}).checksum,
              "sha256:" + hex);
    EXPECT_EQ(
        parsed("deploy", {"--checksum=http://b/SUMS", "http://a/y", "/dev/ram0"}).checksumUrl->redacted(),
        "http://b/SUMS");
    try {
        (void)parsed("deploy", {option, "http://a/y.iso", "/dev/ram0"});
        ADD_FAILURE() << "an image that the list does not name";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::NotFound);
        EXPECT_NE(std::string(error.what()).find(option.substr(11)), std::string::npos) << error.what();
    }
    std::filesystem::remove_all(folder);
}

// A user waits for fetch at a prompt; a boot can only keep waiting.
TEST(TransferArguments, OnlyAFetchEndsBecauseNothingArrives) {
    const auto idleTimeout = [](std::vector<std::string> words) {
        words.insert(words.begin(), "fetch");
        return fetchRequest(parseCommandLine(allVerbs(), words)).idleTimeout;
    };
    EXPECT_EQ(idleTimeout({"http://a/x", "b"}), std::chrono::minutes(5));
    EXPECT_EQ(idleTimeout({"--timeout=0", "http://a/x", "b"}), std::nullopt);
    EXPECT_EQ(idleTimeout({"--timeout", "1h", "http://a/x", "b"}), std::nullopt);
    EXPECT_EQ(parsed("deploy", {"http://a/x", "b"}).idleTimeout, std::nullopt);
}

TEST(TransferArguments, LimitTimeAndRate) {
    EXPECT_EQ(parsed("fetch", {"--timeout=0", "http://a/x", "b"}).timeout, std::nullopt);
    EXPECT_EQ(parsed("fetch", {"--limit-rate=10K", "http://a/x", "b"}).limitRate, 10U << 10U);
}

TEST(TransferArguments, ADecodedFileHasNoSuffixOfACompressedOne) {
    const auto name = [](const char* url) { return parsed("fetch", {"--decode", url}).target; };
    EXPECT_EQ(name("http://a/live.iso.gz"), "live.iso");
    EXPECT_EQ(name("http://a/live.iso.XZ?x=y"), "live.iso");
    EXPECT_EQ(name("http://a/live.iso.zst"), "live.iso");
    EXPECT_EQ(name("http://a/live.iso"), "live.iso");
    EXPECT_EQ(name("http://a/.gz"), ".gz");
    EXPECT_EQ(parsed("fetch", {"http://a/live.iso.gz"}).target, "live.iso.gz");
    EXPECT_EQ(parsed("fetch", {"--decode", "http://a/live.iso.gz", "x.gz"}).target, "x.gz");
}

TEST(TransferArguments, NameTheError) {
    const auto large = testing::TempDir() + "bootferry-large-list-" + std::to_string(::getpid());
    writeFileAtomically(large, std::string((1U << 20U) + 1, ' '));
    const std::vector<std::pair<std::vector<std::string>, std::string>> table{
        {{"http://a/x", ""}, "the target is empty"},
        {{"no-url", "b"}, "no-url"},
        {{"--checksum=", "http://a/x", "b"}, "--checksum: expected sha256:HEX"},
        {{"--checksum=abc", "http://a/x", "b"}, "--checksum: expected sha256:HEX"},
        {{"--checksum=md5:12", "http://a/x", "b"}, "--checksum: expected sha256:HEX"},
        {{"--checksum=/nonexistent/SUMS", "http://a/x", "b"}, "'/nonexistent/SUMS' is neither a checksum"},
        {{"--checksum=SHA256SUMS.none", "http://a/x", "b"}, "there is no checksum list with this name here"},
        {{"--checksum=" + large, "http://a/x", "b"}, "is larger than"},
        {{"--timeout=soon", "http://a/x", "b"}, "--timeout: "},
        {{"--connections=0", "http://a/x", "b"}, "--connections: expected a number of connections, 1 to 16"},
        {{"--connections=17", "http://a/x", "b"}, "--connections: "},
        {{"--connections=4x", "http://a/x", "b"}, "--connections: "},
        {{"--ramdisk-size=2g", "http://a/x", "b"}, "--ramdisk-size: "},
        {{"--ramdisk-size=0", "http://a/x", "b"}, "--ramdisk-size: "},
        {{"--option=curl", "http://a/x", "b"}, "--option: "},
        {{"--options-file=/nonexistent", "http://a/x", "b"}, "opening '/nonexistent': No such file"},
    };
    for (const auto& [arguments, words] : table) {
        EXPECT_NE(refusal(arguments).find(words), std::string::npos) << refusal(arguments);
    }
    std::filesystem::remove(large);
}

} // namespace
} // namespace bootferry
