// SPDX-License-Identifier: LGPL-2.1-or-later
// fmt's library, out of its headers: distributions ship it as a shared one, which needs that of libstdc++.
// Built with -fkeep-inline-functions, so that here is what the other files, which fmt's headers take for
// users of a library, leave to it. Headers alone everywhere (FMT_HEADER_ONLY) would double the time that all
// of this takes to compile. Without separators of thousands, which nobody asks for, it needs no locales.
#define FMT_HEADER_ONLY
#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#include <spdlog/fmt/fmt.h>
