// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses line by line, in the order that dolly requires, and checks for each optional line in turn. In the
// newer form, a line without a keyword is a host.
#include "dollytab.h"

#include <algorithm>

#include "ascii_text.h"
#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

[[noreturn]] void refuse(const std::string& what) {
    throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the server's dollytab " + what);
}

bool isPlain(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
}

unsigned parseNumber(std::string_view text, unsigned least, unsigned most, const char* what) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    const auto number = plugin::takeNumber<unsigned>(text); // what follows it is ignored, as dolly does
    if (!number || *number < least || *number > most) {
        refuse("has a " + std::string(what) + " that is not between " + std::to_string(least) + " and " +
               std::to_string(most));
    }
    return *number;
}

class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) { next(); }

    [[nodiscard]] std::string_view line() const { return line_; }

    void next() {
        if (rest_.empty()) {
            refuse("ends too early");
        }
        const auto end = rest_.find('\n');
        line_ = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
        if (line_.size() > longestDollytabLine) {
            refuse("has a line of more than 255 characters");
        }
    }

    // If the line begins with the keyword, returns its rest and advances to the next line.
    std::optional<std::string_view> take(std::string_view keyword) {
        if (!line_.starts_with(keyword)) {
            return std::nullopt;
        }
        const auto value = line_.substr(keyword.size());
        next();
        return value;
    }

    std::string_view want(std::string_view keyword) {
        const auto value = take(keyword);
        if (!value) {
            refuse("has no line '" + std::string(keyword) + "' where it is required");
        }
        return *value;
    }

private:
    std::string_view rest_;
    std::string_view line_;
};

// "2:-fast:-slow"; with the number 0, the single affix applies to the first interface.
void parseAdd(Dollytab& tab, std::string_view value, Dollytab::Affix affix) {
    const auto colon = value.find(':');
    if (colon == std::string_view::npos) {
        refuse("has an 'add' line without a colon");
    }
    const auto count = parseNumber(value.substr(0, colon), 0, mostChildren - 1, "number of interfaces");
    auto rest = value.substr(colon + 1);
    for (unsigned i = 0; i < std::max(count, 1U); ++i) {
        const auto end = rest.find(':');
        const auto name = rest.substr(0, end);
        if (name.empty() || !isPlain(name)) {
            refuse("has an 'add' line with too few names");
        }
        tab.extraNames.emplace_back(name);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    tab.affix = affix;
    tab.affixesPrimary = count == 0;
}

void addHost(Dollytab& tab, std::string_view host) {
    if (host.empty() || !isPlain(host)) {
        refuse("has a host with an empty or invalid name");
    }
    if (tab.hosts.size() == mostHosts) {
        refuse("has more than " + std::to_string(mostHosts) + " hosts");
    }
    tab.hosts.emplace_back(host);
}

void parseTopology(Dollytab& tab, Lines& lines) {
    (void)lines.take("segsize "); // a TCP option for benchmarks, ignored: the kernel chooses
    if (const auto value = lines.take("add2 ")) {
        parseAdd(tab, *value, Dollytab::Affix::Midfix);
    } else if (const auto postfix = lines.take("add ")) {
        parseAdd(tab, *postfix, Dollytab::Affix::Postfix);
    }
    if (const auto value = lines.take("fanout ")) {
        tab.fanout = parseNumber(*value, 1, mostChildren, "fanout");
    }
}

void parseClassicHosts(Dollytab& tab, Lines& lines) {
    tab.server = lines.want("server ");
    (void)lines.want("firstclient ");
    (void)lines.want("lastclient ");
    const auto count = parseNumber(lines.want("clients "), 1, mostHosts, "number of clients");
    for (unsigned i = 0; i < count; ++i) {
        if (lines.line().starts_with("endconfig")) {
            refuse("announces " + std::to_string(count) + " clients and has " + std::to_string(i));
        }
        addHost(tab, lines.line());
        lines.next();
    }
}

void parseHosts(Dollytab& tab, Lines& lines) {
    for (; !lines.line().starts_with("endconfig"); lines.next()) {
        if (!lines.line().empty()) {
            addHost(tab, lines.line());
        }
    }
    if (tab.hosts.empty()) {
        refuse("has no hosts");
    }
}

} // namespace

std::string Dollytab::interfaceName(std::size_t host, std::size_t index) const {
    const auto& name = hosts.at(host);
    if (affix == Affix::None || (index == 0 && !affixesPrimary)) {
        return name;
    }
    const auto& extra = extraNames.at(affixesPrimary ? 0 : index - 1);
    if (affix == Affix::Postfix) {
        return name + extra;
    }
    const auto digit = std::min(name.find_first_of("0123456789"), name.size());
    return name.substr(0, digit) + extra + name.substr(digit);
}

std::vector<std::size_t> Dollytab::childrenOf(std::size_t host) const {
    std::vector<std::size_t> children;
    for (std::size_t i = 0; i < fanout; ++i) {
        const auto child = (host + 1) * fanout + i;
        if (child < hosts.size()) {
            children.push_back(child);
        }
    }
    return children;
}

bool endsWithEndconfig(std::string_view text) {
    return text.starts_with("endconfig") || text.find("\nendconfig") != std::string_view::npos;
}

Dollytab parseDollytab(std::string text, Generation generation) {
    if (text.size() > longestDollytab) {
        refuse("is longer than " + std::to_string(longestDollytab) + " bytes");
    }
    Dollytab tab;
    tab.text = std::move(text);
    Lines lines(tab.text);
    tab.compressed = lines.line().starts_with("compressed ");
    tab.infile = lines.want(tab.compressed ? "compressed infile " : "infile ");
    const bool compressedOut = lines.line().starts_with("compressed ");
    tab.outfile = lines.want(compressedOut ? "compressed outfile " : "outfile ");
    tab.compressed = tab.compressed || compressedOut;
    if (generation == Generation::Classic) {
        parseTopology(tab, lines);
    }
    for (const auto* word : {"hyphennormal", "hypheninterface"}) {
        // dolly treats both alike, despite the second one's name.
        tab.hyphenIsNormal = lines.take(word).has_value() || tab.hyphenIsNormal;
    }
    generation == Generation::Classic ? parseClassicHosts(tab, lines) : parseHosts(tab, lines);
    if (!lines.line().starts_with("endconfig")) {
        refuse("does not end with 'endconfig' after its hosts");
    }
    if (tab.fanout > 1 && !tab.extraNames.empty()) {
        refuse("requests a fanout and further interfaces, which dolly does not combine");
    }
    return tab;
}

std::string composeDollytab(const Dollytab& tab, Generation generation) {
    auto text = "infile " + tab.infile + "\noutfile " + tab.outfile + "\n";
    if (generation == Generation::Classic) {
        if (tab.fanout > 1) {
            text += "fanout " + std::to_string(tab.fanout) + "\n";
        }
        text += "server " + tab.server + "\nfirstclient " + tab.hosts.front() + "\nlastclient " +
                tab.hosts.back() + "\nclients " + std::to_string(tab.hosts.size()) + "\n";
    }
    for (const auto& host : tab.hosts) {
        text += host + "\n";
    }
    text += "endconfig\n";
    // A dolly node that reads exactly this many octets, a full Ethernet segment, waits for more.
    constexpr std::size_t takenForUnfinished = 1448;
    if (text.size() == takenForUnfinished) {
        text += "\n";
    }
    return text;
}

} // namespace bootferry::dolly
