// SPDX-License-Identifier: LGPL-2.1-or-later
// org.bootferry1.Transfer: a transfer's properties and its one method, in sd-bus form. Described in
// org.bootferry1(5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bus_names.h"
#include "handles.h"
#include "transfer.h"

namespace bootferry {

[[nodiscard]] const sd_bus_vtable* transferVtable(); // its userdata is a Transfer

// "/org/bootferry1/transfer/_1", and the reverse: nullopt if path is not of that form.
[[nodiscard]] std::string transferPath(std::uint32_t id);
[[nodiscard]] std::optional<std::uint32_t> transferIdOf(std::string_view path);

// The PropertiesChanged signal with the properties that differ. Null if memory runs out or a text is not
// UTF-8.
[[nodiscard]] BusMessageHandle propertiesChanged(sd_bus* bus, const std::string& path,
                                                 const TransferStatus& before, const TransferStatus& now);

} // namespace bootferry
