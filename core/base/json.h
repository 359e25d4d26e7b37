// SPDX-License-Identifier: LGPL-2.1-or-later
// The subset of JSON (RFC 8259) that this project uses: objects of strings, arrays of strings and of objects,
// numbers, booleans and null, whose members keep the order in which they were added. A JSON library would be
// added to every initrd for this alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bootferry {

enum class JsonStyle {
    Short,  // one line
    Pretty, // one member per line
};

class JsonObject {
public:
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }
    void add(std::string_view key, std::uint64_t number);
    void add(std::string_view key, double number); // three decimals
    void add(std::string_view key, bool value);
    void add(std::string_view key, const std::vector<std::string>& texts);
    void add(std::string_view key, const std::vector<JsonObject>& objects); // each on one line
    void addNull(std::string_view key);

    [[nodiscard]] std::string text(JsonStyle style) const; // without a final newline

private:
    void addRaw(std::string_view key, std::string value);
    std::vector<std::pair<std::string, std::string>> members_; // key and value as JSON text
};

// [a, b, …]; Pretty begins a new line for each object.
[[nodiscard]] std::string jsonArray(const std::vector<JsonObject>& objects, JsonStyle style);

using JsonValue =
    std::variant<std::nullptr_t, bool, std::uint64_t, double, std::string, std::vector<std::string>>;

// The members of a flat object, nullopt if the text is not one.
[[nodiscard]] std::optional<std::map<std::string, JsonValue>> parseJsonObject(std::string_view text);

} // namespace bootferry
