// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes from a dolly server, of both generations, with and without a password: the node understands them
// alike however TCP cuts them, answers a nonce and nothing else, and what it passes on to the next node is
// read there the same.
#include <optional>
#include <string>

#include "fuzz_input.h"
#include "greeting.h"
#include "host.h"
#include "node_line.h"

using namespace bootferry;
using namespace bootferry::dolly;
using fuzz::require;

namespace {

struct Heard {
    std::string reply;
    std::optional<Dollytab> tab;
    std::string failure;
};

Heard heard(std::string_view bytes, std::size_t pieceSize, const std::optional<std::string>& password) {
    Heard result;
    Greeting greeting(password);
    try {
        while (!bytes.empty() && !greeting.complete()) {
            const auto piece = bytes.substr(0, pieceSize);
            greeting.feed(piece);
            bytes.remove_prefix(piece.size());
            result.reply += greeting.takeReply();
        }
        if (greeting.complete()) {
            result.tab = greeting.dollytab();
        }
    } catch (const plugin::Failure& failure) {
        result.failure = failure.what();
        require(!result.failure.empty());
    }
    require(result.reply.empty() || (password && result.reply.size() == 32));
    return result;
}

void examine(const Dollytab& tab, Generation generation) {
    require(!tab.hosts.empty() && tab.hosts.size() <= mostHosts);
    require(tab.fanout >= 1 && tab.fanout <= mostChildren);
    const std::size_t some = std::min<std::size_t>(tab.hosts.size(), 64);
    for (std::size_t host = 0; host < some; ++host) {
        for (const auto child : tab.childrenOf(host)) {
            require(child > host && child < tab.hosts.size());
        }
        for (std::size_t i = 0; i < tab.dataConnections(); ++i) {
            require(!tab.interfaceName(host, i).empty());
        }
        for (const bool ready : {false, true}) {
            const NodeLine line{.node = tab.hosts[host], .ready = ready};
            auto text = composeNodeLine(line, generation);
            require(text.ends_with('\n') && text.find('\n') == text.size() - 1);
            text.pop_back();
            require(parseNodeLine(text) == line);
        }
    }
    // What bootferry's own server sends has neither compression nor further interfaces, nor hosts that it
    // refuses (core/dolly/chain.cpp).
    auto plain = tab;
    plain.infile = plain.outfile = "x";
    const auto longest = std::max_element(plain.hosts.begin(), plain.hosts.end(),
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (longest->size() > longestHost || plain.hosts.front().starts_with("hyphen")) {
        return;
    }
    const auto again = parseDollytab(composeDollytab(plain, generation), generation);
    const bool keepsFanout = generation == Generation::Classic;
    require(again.hosts == tab.hosts && again.server == tab.server);
    require(again.fanout == (keepsFanout ? tab.fanout : 1));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const auto password = input.flag() ? std::optional<std::string>("secret") : std::nullopt;
    const auto whole = heard(input.rest(), SIZE_MAX, password);
    const auto single = heard(input.rest(), 1, password);
    require(whole.reply == single.reply || !whole.failure.empty());
    // A failure may come before the end of a text whose rest would have failed, too.
    require(whole.failure.empty() == single.failure.empty() ||
            whole.tab.has_value() == single.tab.has_value());
    if (whole.tab) {
        const bool classic = input.rest().front() == 'i' || input.rest().front() == 'c';
        examine(*whole.tab, classic ? Generation::Classic : Generation::Password);
    }
    (void)parseNodeLine(input.rest());
    return 0;
}
