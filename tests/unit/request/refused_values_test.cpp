// SPDX-License-Identifier: LGPL-2.1-or-later
// The message for a refused value contains the value and the expected form, in one line, except for values
// that may be passwords.
#include "argument_values.h"

#include <functional>

#include <gmock/gmock.h>

#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(const std::function<void()>& parse) {
    try {
        parse();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
    ADD_FAILURE() << "nothing is refused";
    return {};
}

TEST(RefusedValues, ARefusalNamesTheValue) {
    const std::pair<std::function<void()>, const char*> rows[] = {
        {[] { (void)parseKibibytes("2g"); }, "expected a size in KiB, such as 2097152 for 2 GiB, not '2g'"},
        {[] { (void)parseSeconds("soon"); }, "2min or 1h, not 'soon'"},
        {[] { (void)parseByteCount("2g"); },
         "expected a number of bytes without a unit, such as 2147483648 for 2 GiB, not '2g'"},
        {[] { (void)parseByteCount("0"); }, "not '0'"},
        {[] { (void)parseByteCount("18446744073709551615"); }, "not '18446744073709551615'"},
        {[] { (void)parseConnections("0"); }, "expected a number of connections, 1 to 16, not '0'"},
        {[] { (void)parseTmpfsSize("101%"); }, "not '101%'"},
        {[] { (void)parseTmpfsSize("9999999999g"); }, "expected a size below 8 EiB, not '9999999999g'"},
        {[] { (void)parseCowFilesystem("ext5"); }, "expected ext4, xfs or btrfs, not 'ext5'"},
        {[] { (void)parseDeviceNode("nodev"); }, "by-id/..., not 'nodev'"},
        {[] { (void)parseDeviceNode(""); }, "by-id/..., not ''"},
        {[] { (void)parseDeviceNode("/dev/a\n"); }, "by-id/..., not '/dev/a\\x0a'"},
        {[] { (void)parseDeviceNode("/dev/../a"); }, "not accepted: '/dev/../a'"},
        {[] { (void)parseRelativePath("a\x1b"); },
         "expected a path without control characters, not 'a\\x1b'"},
        {[] { (void)parseMountOptions("noatime\nWhat=/dev/sda1"); },
         "expected mount options without control characters, not 'noatime\\x0aWhat=/dev/sda1'"},
        {[] { (void)parseChecksum("md5:12"); }, "(http://HOST/SHA256SUMS), not 'md5:12'"},
    };
    for (const auto& [parse, words] : rows) {
        EXPECT_THAT(refusal(parse), HasSubstr(words));
    }
}

TEST(RefusedValues, ALongValueIsCut) {
    const auto words = refusal([] { (void)parseDeviceNode(std::string(5000, 'x')); });
    EXPECT_LT(words.size(), 400U);
    EXPECT_THAT(words, HasSubstr("xxx...'"));
}

TEST(RefusedValues, APluginOptionMayBeAPassword) {
    EXPECT_THAT(refusal([] { (void)parsePluginOption("geheim"); }), Not(HasSubstr("geheim")));
}

} // namespace
} // namespace bootferry
