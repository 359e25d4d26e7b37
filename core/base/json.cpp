// SPDX-License-Identifier: LGPL-2.1-or-later
#include "json.h"

#include <charconv>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

// RFC 8259 section 7. JSON is UTF-8 (section 8.1), which a file's name need not be.
std::string quoted(std::string_view anyText) {
    const auto text = validUtf8(anyText);
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + "\"";
}

// A recursive descent parser: each function consumes what it recognises, or returns nullopt or false.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::optional<std::map<std::string, JsonValue>> object() {
        std::map<std::string, JsonValue> members;
        if (!take('{')) {
            return std::nullopt;
        }
        for (bool first = true; !take('}'); first = false) {
            if (!first && !take(',')) {
                return std::nullopt;
            }
            const auto key = string();
            if (!key || !take(':')) {
                return std::nullopt;
            }
            auto member = value();
            if (!member) {
                return std::nullopt;
            }
            members[*key] = std::move(*member);
        }
        skipSpace();
        return rest_.empty() ? std::optional(std::move(members)) : std::nullopt;
    }

private:
    void skipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    bool take(char wanted) {
        skipSpace();
        if (!rest_.starts_with(wanted)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    bool takeWord(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    std::optional<JsonValue> value() {
        skipSpace();
        if (takeWord("null")) {
            return nullptr;
        }
        if (takeWord("true")) {
            return true;
        }
        if (takeWord("false")) {
            return false;
        }
        if (rest_.starts_with('"')) {
            if (auto text = string()) {
                return std::move(*text);
            }
            return std::nullopt;
        }
        if (rest_.starts_with('[')) {
            return texts();
        }
        return number();
    }

    std::optional<JsonValue> texts() {
        std::vector<std::string> texts;
        (void)take('[');
        for (bool first = true; !take(']'); first = false) {
            if (!first && !take(',')) {
                return std::nullopt;
            }
            auto text = string();
            if (!text) {
                return std::nullopt;
            }
            texts.push_back(std::move(*text));
        }
        return texts;
    }

    std::optional<JsonValue> number() {
        const auto digits = rest_.substr(0, rest_.find_first_not_of("+-.0123456789eE"));
        rest_.remove_prefix(digits.size());
        if (const auto whole = parseNumber<std::uint64_t>(digits)) {
            return *whole;
        }
        double real = 0; // parseNumber() is for integers
        const auto* end = digits.data() + digits.size();
        const auto [stopped, error] = std::from_chars(digits.data(), end, real);
        return error == std::errc() && stopped == end ? std::optional<JsonValue>(real) : std::nullopt;
    }

    std::optional<std::string> string() {
        if (!take('"')) {
            return std::nullopt;
        }
        std::string text;
        while (!rest_.empty() && rest_.front() != '"') {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c != '\\') {
                text += c;
            } else if (!escape(text)) {
                return std::nullopt;
            }
        }
        return take('"') ? std::optional(text) : std::nullopt;
    }

    // Supports \u only for ASCII, since quoted() uses it for control characters alone.
    bool escape(std::string& text) {
        if (rest_.empty()) {
            return false;
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '"' || c == '\\' || c == '/') {
            text += c;
            return true;
        }
        const auto code =
            c == 'u' && rest_.size() >= 4 ? parseNumber<unsigned>(rest_.substr(0, 4), 16) : std::nullopt;
        if (!code || *code > 0x7F) {
            return false;
        }
        text += static_cast<char>(*code);
        rest_.remove_prefix(4);
        return true;
    }

    std::string_view rest_;
};

} // namespace

void JsonObject::addRaw(std::string_view key, std::string value) {
    members_.emplace_back(quoted(key), std::move(value));
}

void JsonObject::add(std::string_view key, std::string_view text) {
    addRaw(key, quoted(text));
}

void JsonObject::add(std::string_view key, std::uint64_t number) {
    addRaw(key, std::to_string(number));
}

void JsonObject::add(std::string_view key, double number) {
    addRaw(key, fmt::format("{:.3f}", number));
}

void JsonObject::add(std::string_view key, bool value) {
    addRaw(key, value ? "true" : "false");
}

void JsonObject::add(std::string_view key, const std::vector<std::string>& texts) {
    std::vector<std::string> values;
    values.reserve(texts.size());
    for (const auto& text : texts) {
        values.push_back(bootferry::quoted(text)); // not std::quoted, which <iomanip> declares
    }
    addRaw(key, fmt::format("[{}]", fmt::join(values, ",")));
}

void JsonObject::add(std::string_view key, const std::vector<JsonObject>& objects) {
    addRaw(key, jsonArray(objects, JsonStyle::Short));
}

void JsonObject::addNull(std::string_view key) {
    addRaw(key, "null");
}

std::string JsonObject::text(JsonStyle style) const {
    const bool pretty = style == JsonStyle::Pretty;
    std::string result = "{";
    const char* divider = "";
    for (const auto& [key, value] : members_) {
        result += fmt::format("{}{}{}{}{}", divider, pretty ? "\n  " : "", key, pretty ? ": " : ":", value);
        divider = ",";
    }
    return result + (pretty ? "\n}" : "}");
}

std::string jsonArray(const std::vector<JsonObject>& objects, JsonStyle style) {
    std::vector<std::string> texts;
    texts.reserve(objects.size());
    for (const auto& object : objects) {
        texts.push_back(object.text(style));
    }
    return fmt::format("[{}]", fmt::join(texts, style == JsonStyle::Pretty ? ",\n" : ","));
}

std::optional<std::map<std::string, JsonValue>> parseJsonObject(std::string_view text) {
    return Reader(text).object();
}

} // namespace bootferry
