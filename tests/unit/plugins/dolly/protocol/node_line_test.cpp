// SPDX-License-Identifier: LGPL-2.1-or-later
#include "node_line.h"

#include <gtest/gtest.h>

namespace bootferry::dolly {
namespace {

TEST(NodeLine, IsWhatNodesSay) {
    EXPECT_EQ(parseNodeLine("Host got parameters 'n1'."), (NodeLine{"n1", false}));
    EXPECT_EQ(parseNodeLine("Host ready 'n1'."), (NodeLine{"n1", true}));
    EXPECT_EQ(parseNodeLine("Client n1 configured with parameters. Ready to proceed."),
              (NodeLine{"n1", false}));
    EXPECT_EQ(parseNodeLine("Client n1 ready."), (NodeLine{"n1", true}));
    // A name is not a message, whatever it contains.
    EXPECT_EQ(parseNodeLine("Host got parameters 'ready'."), (NodeLine{"ready", false}));
    for (const char* line : {"", "ready", "Client ready.", "Host ready 'n1'"}) {
        EXPECT_EQ(parseNodeLine(line), std::nullopt) << line;
    }
}

TEST(NodeLine, ComposedIsWhatIsParsed) {
    EXPECT_EQ(composeNodeLine({"n1", false}, Generation::Classic), "Host got parameters 'n1'.\n");
    EXPECT_EQ(composeNodeLine({"n1", true}, Generation::Password), "Client n1 ready.\n");
    for (const auto generation : {Generation::Classic, Generation::Password}) {
        for (const bool ready : {false, true}) {
            auto line = composeNodeLine({"n1", ready}, generation);
            ASSERT_EQ(line.back(), '\n');
            line.pop_back();
            EXPECT_EQ(parseNodeLine(line), (NodeLine{"n1", ready}));
        }
    }
}

} // namespace
} // namespace bootferry::dolly
