// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error_line.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(ErrorLine, EscapesControlCharactersAndShowsNoSecrets) {
    EXPECT_EQ(errorLine("'\x1b[31m\n'"), "'\\x1b[31m\\x0a'");
    EXPECT_EQ(errorLine("'ü'"), "'ü'");
    EXPECT_EQ(errorLine("opening 'http://u:geheim@h/x?geheim': No such file"),
              "opening 'http://h/x?...': No such file");
}

} // namespace
} // namespace bootferry
