// SPDX-License-Identifier: LGPL-2.1-or-later
// A backslash that does not precede a comma is an ordinary character, as curl's options use it. Two commas in
// a row are one separator, as in KIWI, where the shell splits the words.
#include "option_words.h"

#include "errors.h"

namespace bootferry {
namespace {

bool isControl(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

} // namespace

std::vector<std::string> optionWords(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto endWord = [&] {
        if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (isControl(text[i])) {
            throw Error(ErrorCode::Invalid, "it contains a control character");
        }
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
            word += text[++i];
        } else if (text[i] == ',') {
            endWord();
        } else {
            word += text[i];
        }
    }
    endWord();
    return words;
}

} // namespace bootferry
