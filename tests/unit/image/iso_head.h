// SPDX-License-Identifier: LGPL-2.1-or-later
// The head of an ISO 9660 image, made field by field, so that a test can make each of them wrong. Folders are
// where the test says; nothing keeps them from overlapping, or from lying behind the end.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bootferry {

enum class IsoNames { Plain, RockRidge, Joliet };

struct IsoRecord {
    std::string name;
    std::uint32_t block = 0;
    std::uint32_t size = 0;
    bool isFolder = false;
    std::string fields; // of Rock Ridge, instead of the name's
};

class IsoHead {
public:
    static constexpr std::size_t block = 2048;
    static constexpr std::uint32_t rootBlock = 20;

    explicit IsoHead(IsoNames names = IsoNames::RockRidge, std::size_t blocks = 24,
                     std::uint32_t rootSize = block)
        : names_(names), bytes_(blocks * block, '\0') {
        describe(16, 1);
        put(16 * block + 40, "CDROM                           ");
        if (names == IsoNames::Joliet) {
            describe(17, 2);
            put(17 * block + 88, "%/E");
        }
        put((names == IsoNames::Joliet ? 18 : 17) * block, std::string("\xff") + "CD001\x01");
        setRoot(rootBlock, rootSize);
        folder(rootBlock, {});
    }

    // The records of a folder; "." is the first of them.
    IsoHead& folder(std::uint32_t at, std::span<const IsoRecord> records) {
        std::string content = record(std::string(1, '\0'), {.block = at, .size = block, .isFolder = true},
                                     names_ == IsoNames::RockRidge && at == rootBlock ? sharing : "");
        content += record("\x01", {.block = rootBlock, .size = block, .isFolder = true}, "");
        for (const auto& each : records) {
            const bool isRock = names_ == IsoNames::RockRidge;
            content += record(isRock                       ? "X"
                              : names_ == IsoNames::Joliet ? wide(each.name)
                                                           : each.name,
                              each,
                              !each.fields.empty() ? each.fields
                              : isRock             ? nameField(each.name)
                                                   : "");
        }
        return put(at * block, content);
    }

    IsoHead& setRoot(std::uint32_t at, std::uint32_t size) {
        const std::size_t shown = names_ == IsoNames::Joliet ? 17 : 16;
        for (const auto descriptor : {std::size_t{16}, shown}) {
            put(descriptor * block + 156, record(std::string(1, '\0'), {.block = at, .size = size}, ""));
        }
        return *this;
    }

    IsoHead& put(std::size_t offset, std::string_view text) {
        bytes_.replace(offset, text.size(), text);
        return *this;
    }

    [[nodiscard]] std::string& bytes() { return bytes_; }
    [[nodiscard]] std::span<const std::byte> span() const { return std::as_bytes(std::span(bytes_)); }

    static std::string nameField(std::string_view name, char flags = '\0') {
        return std::string("NM") + static_cast<char>(5 + name.size()) + "\x01" + flags + std::string(name);
    }

private:
    static constexpr std::string_view sharing{"SP\x07\x01\xbe\xef\x00", 7};

    void describe(std::size_t sector, char type) {
        put(sector * block, std::string(1, type) + "CD001\x01");
        put(sector * block + 128, number(block).substr(0, 2));
    }

    static std::string number(std::uint32_t value) {
        std::string text;
        for (unsigned shift = 0; shift < 32; shift += 8) {
            text += static_cast<char>(value >> shift & 0xffU);
        }
        return text;
    }

    static std::string wide(std::string_view name) {
        std::string text;
        for (const char character : name) {
            text += {'\0', character};
        }
        return text;
    }

    static std::string record(std::string_view name, const IsoRecord& what, std::string_view fields) {
        std::string text = std::string(2, '\0') + number(what.block) + std::string(4, '\0') +
                           number(what.size) + std::string(4, '\0') + std::string(7, '\0') +
                           (what.isFolder ? '\x02' : '\0') + std::string(6, '\0') +
                           static_cast<char>(name.size()) + std::string(name) +
                           std::string(name.size() % 2 == 0 ? 1 : 0, '\0') + std::string(fields);
        text += std::string(text.size() % 2, '\0');
        text.front() = static_cast<char>(text.size());
        return text;
    }

    IsoNames names_;
    std::string bytes_;
};

} // namespace bootferry
