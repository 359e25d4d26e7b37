// SPDX-License-Identifier: LGPL-2.1-or-later
// dolly's servers search everything they read for the word "ready"; this parser compares whole lines.
#include "node_line.h"

#include <algorithm>
#include <iterator>

namespace bootferry::dolly {
namespace {

struct Form {
    Generation generation;
    bool ready;
    std::string_view before;
    std::string_view behind;
};

constexpr Form forms[] = {
    {Generation::Classic, false, "Host got parameters '", "'."},
    {Generation::Classic, true, "Host ready '", "'."},
    {Generation::Password, false, "Client ", " configured with parameters. Ready to proceed."},
    {Generation::Password, true, "Client ", " ready."},
};

std::optional<std::string> between(std::string_view line, std::string_view before, std::string_view behind) {
    if (line.size() < before.size() + behind.size() || !line.starts_with(before) || !line.ends_with(behind)) {
        return std::nullopt;
    }
    return std::string(line.substr(before.size(), line.size() - before.size() - behind.size()));
}

} // namespace

std::string composeNodeLine(const NodeLine& line, Generation generation) {
    const auto* form = std::find_if(std::begin(forms), std::end(forms), [&](const Form& candidate) {
        return candidate.generation == generation && candidate.ready == line.ready;
    });
    return std::string(form->before) + line.node + std::string(form->behind) + "\n";
}

std::optional<NodeLine> parseNodeLine(std::string_view line) {
    for (const auto& form : forms) {
        if (auto node = between(line, form.before, form.behind)) {
            return NodeLine{std::move(*node), form.ready};
        }
    }
    return std::nullopt;
}

} // namespace bootferry::dolly
