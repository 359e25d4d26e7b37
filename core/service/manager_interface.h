// SPDX-License-Identifier: LGPL-2.1-or-later
// org.bootferry1.Manager: the service-wide methods, property and signals. Described in org.bootferry1(5).
#pragma once

#include "bus_names.h"
#include "handles.h"
#include "manager.h"
#include "plugin_listing.h"

namespace bootferry {

// The userdata of managerVtable().
struct ManagerInterface {
    Manager& manager;
    PluginListing plugins;
};

[[nodiscard]] const sd_bus_vtable* managerVtable();

} // namespace bootferry
