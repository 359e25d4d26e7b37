// SPDX-License-Identifier: LGPL-2.1-or-later
// Our plugins use the kit that others get (plugin.hpp): a plugin is a class, and a failure is an exception.
#pragma once

#include "bootferry/plugin.hpp"

namespace bootferry::plugin {

using kit::Failure;
using kit::Host;
using kit::Info;
using kit::Session;

} // namespace bootferry::plugin
