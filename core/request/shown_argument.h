// SPDX-License-Identifier: LGPL-2.1-or-later
// What may be shown of words that somebody typed, on a kernel command line or for bootferryctl: on the
// terminal, in the journal and in an explanation. What may be a secret is replaced with "...", whoever the
// word belongs to: a line is shown to find a mistake in it, and a mistake may be what makes a URL or a
// password part of a name. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kernel_command_line.h"

namespace bootferry {

// The name, cut where a URL or a secret may begin: "http:...".
[[nodiscard]] std::string shownName(std::string_view name);

// The whole word: "rd.live.dir=LiveOS", "rd.iscsi.password=...".
[[nodiscard]] std::string shownArgument(const KernelArgument& argument);

// The same of a word that is not split yet: of a URL what Url::shown() tells.
[[nodiscard]] std::string shownWord(std::string_view word);

// Whether the word after this one may be its value, and a secret: "-u", "password".
[[nodiscard]] bool expectsSecret(const KernelArgument& argument);

// A text that quotes words, without the user names, passwords and queries of URLs in it, and without a login
// that has lost its scheme ("u:secret@host/x").
[[nodiscard]] std::string shownText(std::string_view text);

// The text with the queries of URLs in it replaced by "?...": they may be signatures that give access.
[[nodiscard]] std::string withoutQueries(std::string_view text);

} // namespace bootferry
