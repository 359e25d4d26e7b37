// SPDX-License-Identifier: LGPL-2.1-or-later
// One readVariant() overload per member type; the table of properties selects it.
#include "property_reader.h"

#include "sd_check.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

constexpr SdCheck check{"reading the properties of a transfer"};

template <typename Value>
void readVariant(sd_bus_message* message, Value& value) {
    check(sd_bus_message_read(message, "v", dbusType<Value>, &value));
}
void readVariant(sd_bus_message* message, bool& value) {
    int number = 0;
    check(sd_bus_message_read(message, "v", dbusType<bool>, &number));
    value = number != 0;
}
void readVariant(sd_bus_message* message, std::string& value) {
    const char* text = nullptr;
    check(sd_bus_message_read(message, "v", dbusType<std::string>, &text));
    value = text;
}
void readVariant(sd_bus_message* message, std::vector<std::string>& value) {
    using Texts = std::vector<std::string>;
    check(sd_bus_message_enter_container(message, 'v', dbusType<Texts>));
    check(sd_bus_message_enter_container(message, 'a', dbusType<std::string>));
    value.clear();
    const char* text = nullptr;
    while (check.more(sd_bus_message_read(message, dbusType<std::string>, &text))) {
        value.emplace_back(text);
    }
    check(sd_bus_message_exit_container(message));
    check(sd_bus_message_exit_container(message));
}
void readVariant(sd_bus_message* message, TransferState& value) {
    std::string name;
    readVariant(message, name);
    value = stateFromName(name).value_or(value);
}

} // namespace

void readProperties(TransferStatus& status, sd_bus_message* message) {
    check(sd_bus_message_enter_container(message, 'a', "{sv}"));
    while (check.more(sd_bus_message_enter_container(message, 'e', "sv"))) {
        const char* name = nullptr;
        check(sd_bus_message_read(message, "s", &name));
        if (const auto* property = findTransferProperty(name)) {
            visitProperty(*property, status, [&](auto& value) { readVariant(message, value); });
        } else {
            check(sd_bus_message_skip(message, "v"));
        }
        check(sd_bus_message_exit_container(message));
    }
    check(sd_bus_message_exit_container(message));
}

} // namespace bootferry
