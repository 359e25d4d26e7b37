// SPDX-License-Identifier: LGPL-2.1-or-later
// Removes the digits and compares the rest.
#include "differ_only_in_numbers.h"

#include <algorithm>
#include <string>

namespace bootferry {
namespace {

std::string withoutNumbers(std::string_view text) {
    std::string words;
    std::copy_if(text.begin(), text.end(), std::back_inserter(words),
                 [](char c) { return c < '0' || c > '9'; });
    return words;
}

} // namespace

bool differOnlyInNumbers(std::string_view one, std::string_view other) {
    return withoutNumbers(one) == withoutNumbers(other);
}

} // namespace bootferry
