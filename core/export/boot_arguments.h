// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel arguments of an exported system, as boot loaders have to read them. Everybody on the network can
// read an entry, so it must contain no secret; and three languages read it, so a character that has a meaning
// in one of them is refused instead of quoted in three ways. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel_command_line.h"
#include "transfer_request.h"

namespace bootferry {

// Where machines fetch from: FOLDER's URL. Throws Error(Invalid) for a URL with a user name, a query or
// characters that are to be percent-encoded. Returns it without a slash at its end.
[[nodiscard]] std::string parseBaseUrl(std::string_view text);

// image: its URL; checksum: the URL of a list, or "sha256:HEX"; layout: "rd.live.dir=..." or empty. options:
// the administrator's arguments, each of which replaces the export's own one of that name.
[[nodiscard]] std::vector<KernelArgument> bootArguments(const std::string& image, const std::string& checksum,
                                                        std::string_view layout,
                                                        const KernelCommandLine& options);

// Throws Error(Invalid) for an argument that an entry cannot contain, and for more than the kernel reads.
void requireWritable(const std::vector<KernelArgument>& arguments);
// Throws Error(Invalid) for a root= among the options.
void requireNoRoot(const KernelCommandLine& options);
// Throws Error(Invalid) if an option of the request may be a secret. URLs with a user name are refused
// before: by parseBaseUrl(), and of mirrors and lists by parseBootRequest().
void requireNoSecrets(const TransferRequest& request);

// "name=value", in double quotes if it has a blank, as the kernel and systemd read it.
[[nodiscard]] std::string quoted(const KernelArgument& argument);
[[nodiscard]] std::string joined(const std::vector<KernelArgument>& arguments);

} // namespace bootferry
