// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager_interface.h"

#include "build_config.h"
#include "bus_method.h"
#include "transfer_interface.h"
#include "transfer_options.h"

namespace bootferry {
namespace {

ManagerInterface& self(void* userdata) {
    return *static_cast<ManagerInterface*>(userdata);
}

int version(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*, sd_bus_error*) {
    return sd_bus_message_append(reply, "s", BOOTFERRY_VERSION);
}

int onStartTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        (void)sd_bus_message_sensitive(message);
        const auto& transfer = self(userdata).manager.start(readTransferRequest(message));
        return sd_bus_reply_method_return(message, "uo", transfer.id(), transferPath(transfer.id()).c_str());
    });
}

int onCancelTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        std::uint32_t id = 0;
        checkSd(sd_bus_message_read(message, "u", &id), "reading the arguments of CancelTransfer");
        self(userdata).manager.cancel(id);
        return sd_bus_reply_method_return(message, "");
    });
}

int onListTransfers(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        constexpr const char* what = "listing transfers";
        const auto reply = makeHandle<BusMessageHandle>(
            [&](sd_bus_message** m) { return sd_bus_message_new_method_return(message, m); }, what);
        checkSd(sd_bus_message_open_container(reply.get(), 'a', "(uosssd)"), what);
        for (const auto& [id, transfer] : self(userdata).manager.transfers()) {
            const auto& status = transfer->status();
            checkSd(sd_bus_message_append(reply.get(), "(uosssd)", id, transferPath(id).c_str(),
                                          status.url.c_str(), status.target.c_str(),
                                          std::string(stateName(status.state)).c_str(), status.fraction),
                    what);
        }
        checkSd(sd_bus_message_close_container(reply.get()), what);
        return sd_bus_send(nullptr, reply.get(), nullptr);
    });
}

int onListPlugins(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        self(userdata).plugins.answer(message, self(userdata).manager.refusal());
        return 1;
    });
}

constexpr sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_METHOD_WITH_ARGS("StartTransfer", SD_BUS_ARGS("s", url, "s", target, "a{sv}", options),
                            SD_BUS_RESULT("u", id, "o", path), onStartTransfer,
                            SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
    SD_BUS_METHOD_WITH_ARGS("CancelTransfer", SD_BUS_ARGS("u", id), SD_BUS_NO_RESULT, onCancelTransfer,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListTransfers", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uosssd)", transfers),
                            onListTransfers, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListPlugins", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssas)", plugins), onListPlugins,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("TransferNew", SD_BUS_ARGS("u", id, "o", path), 0),
    SD_BUS_SIGNAL_WITH_ARGS("TransferEnded", SD_BUS_ARGS("u", id, "o", path, "s", result), 0),
    SD_BUS_VTABLE_END,
};

} // namespace

const sd_bus_vtable* managerVtable() {
    return vtable;
}

} // namespace bootferry
