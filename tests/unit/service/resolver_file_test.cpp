// SPDX-License-Identifier: LGPL-2.1-or-later
#include "resolver_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "files.h"

namespace bootferry {
namespace {

constexpr const char* state = "# This is private data. Do not parse.\n"
                              "ADMIN_STATE=configured\nOPER_STATE=routable\n"
                              "DNS=10.0.2.3 192.0.2.1#dns.example.net fe80::1%2 [2001:db8::1]:53\n"
                              "DOMAINS=example.net example.org\nROUTE_DOMAINS=\n";

TEST(ResolverFile, NamesTheServersThatTheNetworkGave) {
    EXPECT_EQ(resolvConfText(state), "# Written by bootferryd from systemd-networkd's state.\n"
                                     "nameserver 10.0.2.3\nnameserver 192.0.2.1\nnameserver fe80::1%2\n"
                                     "nameserver 2001:db8::1\nsearch example.net example.org\n");
}

TEST(ResolverFile, IsEmptyWithoutAServer) {
    EXPECT_EQ(resolvConfText(""), "");
    EXPECT_EQ(resolvConfText("OPER_STATE=off\nDNS=\nDOMAINS=example.net\n"), "");
}

class ResolverFileOnDisk : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "resolver-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        writeFileAtomically(folder_ / "state", state);
        event_ = makeHandle<EventHandle>([](sd_event** e) { return sd_event_new(e); }, "loop");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string afterwards() {
        const ResolverFile file(event_.get(), folder_ / "state", folder_ / "resolv.conf");
        return readSmallFile(folder_ / "resolv.conf").value_or("nothing");
    }
    std::filesystem::path folder_;
    EventHandle event_;
};

TEST_F(ResolverFileOnDisk, IsWrittenIfThereIsNone) {
    EXPECT_EQ(afterwards(), resolvConfText(state));
}

TEST_F(ResolverFileOnDisk, IsWrittenAgainWhereItIsOurs) {
    writeFileAtomically(folder_ / "resolv.conf", resolvConfText("DNS=10.9.9.9\n"));
    EXPECT_EQ(afterwards(), resolvConfText(state));
}

TEST_F(ResolverFileOnDisk, LeavesAnothersAlone) {
    writeFileAtomically(folder_ / "resolv.conf", "nameserver 127.0.0.53\n");
    EXPECT_EQ(afterwards(), "nameserver 127.0.0.53\n");
}

TEST_F(ResolverFileOnDisk, LeavesADanglingLinkAlone) {
    std::filesystem::create_symlink("nowhere", folder_ / "resolv.conf");
    EXPECT_EQ(afterwards(), "nothing");
}

} // namespace
} // namespace bootferry
