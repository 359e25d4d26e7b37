// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints org.bootferry1.Transfer.xml from the table of properties. The build runs it, so that the installed
// introspection file, from which clients are generated, cannot differ from the service.
// tests/integration/dbus_test.py compares the two.
#include <cstdio>

#include "transfer_properties.h"

namespace {

using bootferry::Changes;
using bootferry::signatureOf;
using bootferry::transferInterface;
using bootferry::transferProperties;

constexpr const char* head = R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
  "https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!-- What busctl introspect shows of the running service, to generate clients from; see org.bootferry1(5). -->
<node>
  <interface name="%s">
)";

constexpr const char* announcedProperty = R"(    <!-- %s -->
    <property name="%s" type="%s" access="read" />
)";

constexpr const char* constantProperty = R"(    <!-- %s -->
    <property name="%s" type="%s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const" />
    </property>
)";

constexpr const char* tail = R"(    <method name="Cancel">
    </method>
  </interface>
</node>
)";

} // namespace

int main() {
    std::printf(head, transferInterface);
    for (const auto& property : transferProperties) {
        std::printf(property.changes == Changes::Never ? constantProperty : announcedProperty, property.text,
                    property.name, signatureOf(property));
    }
    std::fputs(tail, stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}
