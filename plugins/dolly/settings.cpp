// SPDX-License-Identifier: LGPL-2.1-or-later
#include "settings.h"

#include <algorithm>
#include <iterator>

#include "ascii_text.h"
#include "challenge.h"
#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;

unsigned number(const std::string& value, unsigned least, unsigned most) {
    const auto result = plugin::parseNumberWithin(value, least, most);
    if (!result) {
        throw Failure(BOOTFERRY_ERROR_INVALID, "expected a number from " + std::to_string(least) + " to " +
                                                   std::to_string(most) + ", not '" + value + "'");
    }
    return *result;
}

constexpr unsigned mostSeconds = 7 * 24 * 3600;
constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

struct Row {
    bootferry_option option;
    void (*set)(Settings& settings, const std::string& value);
};

constexpr Row rows[] = {
    {{"ack-timeout", "seconds to wait at the end for the nodes behind (600)"},
     [](Settings& s, const std::string& v) {
         s.ackTimeout = std::chrono::seconds(number(v, 1, mostSeconds));
     }},
    {{"block-size", "bytes after which the server changes from one interface to the next (4096)"},
     [](Settings& s, const std::string& v) { s.blockSize = number(v, 1, 1U << 30); }},
    {{"buffer", "MiB by which the disk may fall behind the network (32)"},
     [](Settings& s, const std::string& v) { s.buffer = number(v, 1, 4096) * mebibyte; }},
    {{"control-port", "port of the control connections (9997)"},
     [](Settings& s, const std::string& v) {
         s.ports.control = static_cast<std::uint16_t>(number(v, 1, 65535));
     }},
    {{"data-port", "port of the data connections (9998)"},
     [](Settings& s, const std::string& v) {
         s.ports.data = static_cast<std::uint16_t>(number(v, 1, 65535));
     }},
    {{"hyphennormal", "FLAG: node1-x in the server's list is not node1"},
     [](Settings& s, const std::string&) { s.hyphenIsNormal = true; }},
    {{"ipv4", "FLAG: IPv4 only"}, [](Settings& s, const std::string&) { s.family = plugin::Family::Ipv4; }},
    {{"ipv6", "FLAG: IPv6 only"}, [](Settings& s, const std::string&) { s.family = plugin::Family::Ipv6; }},
    {{"name", "this machine's name in the server's list (found by addresses and host name)"},
     [](Settings& s, const std::string& v) { s.name = v; }},
    {{"password", "password that the server requires, newer generation only (none)"},
     [](Settings& s, const std::string& v) { s.password = v; }},
    {{"retries", "attempts to reach the next node, if it does not refuse the connection (no limit)"},
     [](Settings& s, const std::string& v) { s.retries = number(v, 1, 1U << 30); }},
    {{"start-timeout", "seconds within which a server must begin to send (no limit)"},
     [](Settings& s, const std::string& v) {
         s.startTimeout = std::chrono::seconds(number(v, 1, mostSeconds));
     }},
    {{"trust-server",
      "FLAG: boot without a checksum, although the password does not authenticate the server"},
     [](Settings&, const std::string&) {}}, // evaluated before a session exists
};

} // namespace

void Settings::set(const std::string& key, const std::string& value) {
    const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                   [&](const Row& candidate) { return key == candidate.option.key; });
    if (row == std::end(rows)) {
        throw Failure(BOOTFERRY_ERROR_INVALID, "no such option");
    }
    const bool isFlag = std::string_view(row->option.help).starts_with("FLAG: ");
    if (isFlag != value.empty()) {
        throw Failure(BOOTFERRY_ERROR_INVALID, isFlag ? "takes no value" : "needs a value");
    }
    row->set(*this, value);
    if (password && password->size() > longestPassword) {
        throw Failure(BOOTFERRY_ERROR_INVALID, "dolly's passwords have at most 255 characters");
    }
}

const bootferry_option* Settings::described() {
    static const auto* const list = [] {
        static bootferry_option options[std::size(rows) + 1] = {};
        std::transform(std::begin(rows), std::end(rows), std::begin(options),
                       [](const Row& row) { return row.option; });
        return options;
    }();
    return list;
}

} // namespace bootferry::dolly
