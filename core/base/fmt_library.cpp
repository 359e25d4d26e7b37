// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds fmt as a static library from its headers: distributions ship fmt as a shared library only, which
// would need libstdc++'s shared library too. The other files include fmt's headers as users of a library;
// -fkeep-inline-functions makes this file define everything that they reference. FMT_HEADER_ONLY in every
// file would double the compile time. A fixed thousands separator (unused) keeps locales out.
#define FMT_HEADER_ONLY
#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#include <spdlog/fmt/fmt.h>
