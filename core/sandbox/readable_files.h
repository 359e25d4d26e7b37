// SPDX-License-Identifier: LGPL-2.1-or-later
// What the process that uses the network reads after its plugins are loaded, which is when landlock.h closes
// the rest: modules and data that libraries load when they are first needed (NSS, gconv, OpenSSL providers,
// lists of domains), certificates, and what says how names are looked up. Key files are not
// listed: they are handed over as descriptors (handed_files.h).
//
// Folders, not files, wherever a file may be replaced while the worker waits for the network: a rule follows
// the file, and /etc/resolv.conf is a new one after each change. That is why all of /etc stays readable, as
// far as the worker's user may read it.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

// chosen: the folders that the job names: plugins, certificates. root: empty except in tests.
[[nodiscard]] std::vector<std::string> readableFiles(const std::vector<std::string>& chosen,
                                                     const std::string& root = {});

} // namespace bootferry
