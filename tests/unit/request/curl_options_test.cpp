// SPDX-License-Identifier: LGPL-2.1-or-later
// Command lines as curl takes them, and the options they become; no error quotes a value.
#include "curl_options.h"

#include <set>

#include <gtest/gtest.h>

#include "boot_request.h"
#include "curl_option_table.h"
#include "errors.h"
#include "option_words_cases.h"

namespace bootferry {
namespace {

std::string parsed(std::string_view text) {
    return inWords(parseCurlOptions(text).pluginOptions, "curl");
}

TEST(CurlOptions, AreReadAsCurlReadsThem) {
    const OptionWordsCases table{
        {"", ""},
        {",,", ""},
        // letters: alone, in groups, with the value following directly or in the next word
        {"-k", "insecure"},
        {"-sSfk", "insecure"},
        {"-m30", "max-time=30"},
        {"-m,30", "max-time=30"},
        {"-sm30", "max-time=30"},
        {"-skm,30,-4", "insecure max-time=30 ipv4"},
        {"-s#,-y5,-Y,1000", "speed-time=5 speed-limit=1000"},
        {"-1,-0", "tlsv1 http1.0"},
        {"-uuser:a=b", "user=user:a=b"},
        // long names: the value in the next word or after '=', shortened, in any case
        {"--limit-rate,1m", "limit-rate=1m"},
        {"--limit-rate=1m", "limit-rate=1m"},
        {"--header=a=b", "header=a=b"},
        {"--insec", "insecure"},
        {"--location-t", "location-trusted"},
        {"--http2-", "http2-prior-knowledge"},
        {"--INSECURE", "insecure"},
        {"--proxy-he,A: b", "proxy-header=A: b"}, // curl 8 has --proxy-http2 as well
        // the next word is the value, whatever it is
        {"--user,-k,-4", "user=-k ipv4"},
        {"-A,--,-k", "user-agent=-- insecure"},
        {"-k,--", "insecure"},
        {"-o,-,-k", "insecure"},
        // commas
        {"--noproxy,a\\,b,-k", "noproxy=a,b insecure"},
        {"-E,/a\\:b.pem", "cert=/a\\:b.pem"},
        {"-k,,,-4,", "insecure ipv4"},
        {"-H,X-Words: one two", "header=X-Words: one two"},
        // switches and their opposites: the last word counts
        {"-k,--no-insecure", ""},
        {"--no-insecure,-k", "insecure"},
        {"-kk", "insecure"},
        {"--no-alpn", "no-alpn"},
        {"--no-alpn,--alpn", ""},
        {"--no-keepalive", "no-keepalive"},
        {"--epsv", ""},
        {"--disable-epsv,--epsv", ""},
        {"--no-epsv", "disable-epsv"},
        {"--disable-epsv,--no-disable-epsv", ""},
        {"-L", "location"},
        {"-L,--no-location", "no-location"},
        {"--no-location,-L", "location"},
        {"--follow", "location"},
        {"--no-tcp-nodelay", "no-tcp-nodelay"},
        {"--ftp-ssl,--no-ssl", ""},
        // repeated
        {"-H,A: b,-H,C: d", "header=A: b header=C: d"},
        {"-m1,-m2", "max-time=1 max-time=2"},
        // the plugin reports that bootferry retries by itself
        {"--retry,5,--retry-delay,2,--retry-connrefused", "retry=5 retry-delay=2 retry-connrefused"},
        // accepted without effect
        {"-f,-s,-S,-v,-#,-O,-o,file,-N,--no-progress-meter,-q,-g", ""},
        {"--no-fail,--no-silent,--no-compressed,--no-get", ""},
    };
    expectParsed(parsed, table);
}

TEST(CurlOptions, ErrorsNameTheOption) {
    const OptionWordsCases table{
        {"-m", "-m/--max-time needs a value"},
        {"-km", "-m/--max-time needs a value"},
        {"--connect-timeout", "--connect-timeout needs a value"},
        {"--connect-timeout=", "--connect-timeout needs a value"},
        {"--user-agent=,-k", "-A/--user-agent needs a value"},
        {"--frob", "--frob is not an option of curl"},
        {"--no-frob", "--no-frob is not an option of curl"},
        {"--no-insec", "--no-insec is not an option of curl"}, // curl does not accept it either
        {"--limitrate,1m", "--limitrate is not an option of curl"},
        {"-k -s", "commas, not spaces"},
        {"--limit-rate 1m", "--limit-rate... is not an option of curl; commas, not spaces"},
        {"-k?", "-? is not an option of curl"},
        {"-k-", "-- is not an option of curl"},
        {"--insecure=yes", "-k/--insecure takes no value"},
        {"--no-insecure=1", "--no-insecure takes no value"},
        {"--no-tlsv1.2", "--tlsv1.2 cannot be turned off"},
        {"--no-user", "-u/--user cannot be turned off"},
        {"--conn,1", "--connect-timeout or --connect-to"},
        {"--=1", "is not an option"},
        {"http://x/y", "root=live:"},
        {"-k,word", "word 2 of 2"},
        {"-k,--,-4", "word 3 of 3"},
        {"-", "word 1 of 1"},
        {"-k\n", "control character"},
        {"-X,POST", "-X/--request is refused"},
        {"-d,a", "-d/--data"},
        {"-T,a", "-T/--upload-file"},
        {"-F,a=b", "-F/--form"},
        {"-K,/etc/curlrc", "-K/--config"},
        {"-:", "-:/--next"},
        {"-Z", "-Z/--parallel"},
        {"-kC,-", "-C/--continue-at is refused: bootferry itself resumes"},
        {"--expand-url,a", "--expand-url"},
        {"--compressed", "as stored on the server"},
    };
    expectRefusals(parsed, table);
}

TEST(CurlOptions, NoErrorQuotesAValue) {
    for (const char* text :
         {"-u,user,geheim", "-u,user:geheim,-X,geheim", "--usr=user:geheim", "-Xgeheim", "--insecure=geheim",
          "-u,a:geheim,rest", "--pass,geheim,--frob", "-d,geheim", "--no-user=geheim", "--user a:geheim",
          "--user:geheim", "--passgeheim", "--proxy-passgeheim", "--no-pass geheim", "--no-passgeheim",
          "--expand-usergeheim", "-s,-S -u a:geheim"}) {
        const auto reason = refusalBy(parsed, text);
        EXPECT_EQ(reason.find("accepted"), std::string::npos) << text;
        EXPECT_EQ(reason.find("geheim"), std::string::npos) << text << " → " << reason;
    }
    EXPECT_NE(refusalBy(parsed, "--frob\xe2\x82\xac").find("--frob... is"), std::string::npos);
}

TEST(CurlOptions, ReportWhatTheyIgnore) {
    const auto ignored = parseCurlOptions("-s,-k,--no-compressed").ignored;
    ASSERT_EQ(ignored.size(), 2U);
    EXPECT_NE(ignored[0].find("--silent: "), std::string::npos);
    EXPECT_NE(ignored[1].find("--no-compressed: "), std::string::npos);
}

TEST(CurlOptionTable, HasEachOptionOnceAndWithItsReason) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const auto& option : curlOptionTable()) {
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second) << option.letter;
        const bool handedOn =
            option.treatment == CurlTreatment::Honoured || option.treatment == CurlTreatment::Retry;
        EXPECT_EQ(option.why.empty(), handedOn) << option.name;
        // If the plugin's default is on, off has an option of its own.
        EXPECT_EQ(handedOn && option.arity == CurlArity::DefaultOn,
                  option.arity == CurlArity::DefaultOn && !option.key.empty())
            << option.name;
    }
}

BootRequest requested(const std::string& line) {
    return parseBootRequest(KernelCommandLine::parse(line)).value();
}

TEST(CurlOptionsOfABoot, ComeBeforeTheOptionsOfThePlugin) {
    const auto request = requested("rd.bootferry.option=curl:limit-rate=5 root=live:https://x/y "
                                   "rd.kiwi.live.curl_options=-s,--limit-rate,1m,-k");
    const auto& options = request.transfer()->pluginOptions;
    ASSERT_EQ(options.size(), 3U);
    EXPECT_EQ(options[0], (PluginOption{"curl", "limit-rate", "1m"}));
    EXPECT_EQ(options[1], (PluginOption{"curl", "insecure", ""}));
    EXPECT_EQ(options[2], (PluginOption{"curl", "limit-rate", "5"}));
    EXPECT_EQ(request.ignoredCurlOptions.size(), 1U);
}

TEST(CurlOptionsOfABoot, AreRefusedWithoutAUrlOfCurl) {
    const auto outcomeOf = [](const std::string& line) -> std::string {
        try {
            (void)requested(line);
            return "accepted";
        } catch (const Error& error) {
            return error.what();
        }
    };
    EXPECT_NE(outcomeOf("root=live:dolly://x/y rd.kiwi.live.curl_options=-k").find("and not to dolly"),
              std::string::npos);
    EXPECT_EQ(outcomeOf("root=live:dolly://x/y rd.kiwi.live.curl_options=-s"), "accepted");
    EXPECT_EQ(outcomeOf("root=live:dolly://x/y rd.bootferry.mirror=http://x/y rd.kiwi.live.curl_options=-k"),
              "accepted");
    for (const char* scheme : {"http", "https", "ftp", "tftp"}) {
        EXPECT_EQ(outcomeOf("root=live:" + std::string(scheme) + "://x/y rd.bootferry.curl_options=-k"),
                  "accepted");
    }
    EXPECT_EQ(outcomeOf("root=live:CDLABEL=CDROM rd.kiwi.live.curl_options=-k"), "accepted");
    EXPECT_EQ(outcomeOf("root=live:http://x/y rd.kiwi.live.curl_options="), "accepted");
}

TEST(CurlOptionsOfABoot, KeepTheirSecretsInErrors) {
    try {
        (void)requested("root=live:http://x/y rd.kiwi.live.curl_options=-u,user:geheim,--frob");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find("geheim"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("rd.kiwi.live.curl_options=...: --frob"), std::string::npos)
            << error.what();
    }
}

} // namespace
} // namespace bootferry
