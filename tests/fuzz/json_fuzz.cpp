// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as an object of JSON: what is accepted, written and read again is the same.
#include "fuzz_input.h"
#include "json.h"
#include "plain_text.h"

using namespace bootferry;

namespace {

JsonObject written(const std::map<std::string, JsonValue>& members) {
    JsonObject object;
    for (const auto& [key, value] : members) {
        std::visit(
            [&object, name = std::string_view(key)](const auto& member) {
                if constexpr (std::is_same_v<std::decay_t<decltype(member)>, std::nullptr_t>) {
                    object.addNull(name);
                } else {
                    object.add(name, member);
                }
            },
            value);
    }
    return object;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto members = parseJsonObject(fuzz::FuzzInput(bytes, size).rest());
    if (!members) {
        return 0;
    }
    const auto once = written(*members).text(JsonStyle::Short);
    fuzz::require(validUtf8(once) == once);
    fuzz::require(once.find('\n') == std::string::npos);
    // A number loses digits, and invalid UTF-8 is replaced, once.
    const auto again = parseJsonObject(once);
    fuzz::require(again.has_value());
    fuzz::require(again->size() <= members->size());
    const auto pretty = parseJsonObject(written(*again).text(JsonStyle::Pretty));
    fuzz::require(pretty.has_value() && pretty->size() == again->size());
    return 0;
}
