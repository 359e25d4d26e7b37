// SPDX-License-Identifier: LGPL-2.1-or-later
// Transfers are served by one fallback vtable and an enumerator instead of being registered one by one: a
// connection that comes late then has them all.
#include "bus_objects.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "build_config.h"
#include "transfer_options.h"

namespace bootferry {
namespace {

constexpr const char* managerPath = "/org/bootferry1";
constexpr const char* managerInterface = "org.bootferry1.Manager";
constexpr const char* transferInterface = "org.bootferry1.Transfer";
constexpr const char* transferPrefix = "/org/bootferry1/transfer";
// A D-Bus path element may not begin with a digit as far as some bindings are concerned.
constexpr std::string_view transferNode = "/org/bootferry1/transfer/_";
constexpr std::chrono::milliseconds shortestInterval{250}; // between two signals of mere numbers

std::string pathOf(const Transfer& transfer) {
    return fmt::format("{}{}", transferNode, transfer.id());
}

int replyWith(sd_bus_error* error, const Error& failure) {
    return sd_bus_error_set(error, fmt::format("org.bootferry1.Error.{}", errorName(failure.code())).c_str(),
                            failure.what());
}

// The border to C: what a method throws becomes the caller's error.
template <typename Method>
int guarded(sd_bus_error* error, Method method) noexcept {
    try {
        return method();
    } catch (const Error& failure) {
        return replyWith(error, failure);
    } catch (const std::exception& failure) {
        return replyWith(error, Error(ErrorCode::Internal, failure.what()));
    }
}

// Asked again beside the bus policy, which the private socket does not have.
void requireRoot(sd_bus_message* message) {
    sd_bus_creds* creds = nullptr;
    uid_t uid = static_cast<uid_t>(-1);
    const int queried = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
    const int read = queried < 0 ? queried : sd_bus_creds_get_euid(creds, &uid);
    sd_bus_creds_unref(creds);
    if (read < 0 || (uid != 0 && uid != ::geteuid())) {
        throw Error(ErrorCode::NotPermitted,
                    fmt::format("only root may call {}", sd_bus_message_get_member(message)));
    }
}

template <auto Value>
int stringProperty(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
                   sd_bus_error*) {
    const std::string text(Value(*static_cast<const Transfer*>(userdata)));
    return sd_bus_message_append(reply, "s", text.c_str());
}

template <auto Value>
int boolProperty(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
                 sd_bus_error*) {
    return sd_bus_message_append(reply, "b",
                                 static_cast<int>(Value(*static_cast<const Transfer*>(userdata))));
}

template <auto Value, char Type>
int numberProperty(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
                   sd_bus_error*) {
    const auto number = Value(*static_cast<const Transfer*>(userdata));
    return sd_bus_message_append_basic(reply, Type, &number);
}

int versionProperty(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                    sd_bus_error*) {
    return sd_bus_message_append(reply, "s", BOOTFERRY_VERSION);
}

std::uint32_t idOf(const Transfer& t) {
    return t.id();
}
std::string urlOf(const Transfer& t) {
    return t.url();
}
std::string targetOf(const Transfer& t) {
    return t.target();
}
std::string deviceOf(const Transfer& t) {
    return t.device();
}
std::string pluginOf(const Transfer& t) {
    return t.status().plugin;
}
std::string stateOf(const Transfer& t) {
    return std::string(stateName(t.status().state));
}
std::string detailOf(const Transfer& t) {
    return t.status().detail;
}
std::uint64_t transferredOf(const Transfer& t) {
    return t.status().bytesTransferred;
}
std::uint64_t totalOf(const Transfer& t) {
    return t.status().bytesTotal;
}
std::uint64_t writtenOf(const Transfer& t) {
    return t.status().bytesWritten;
}
double progressOf(const Transfer& t) {
    return t.status().progress;
}
std::uint64_t rateOf(const Transfer& t) {
    return t.status().rate;
}
std::uint64_t remainingOf(const Transfer& t) {
    return t.status().remainingUSec;
}
std::uint32_t attemptOf(const Transfer& t) {
    return t.status().attempt;
}
std::string errorNameOf(const Transfer& t) {
    return t.status().errorName;
}
std::string errorMessageOf(const Transfer& t) {
    return t.status().errorMessage;
}
bool reusedOf(const Transfer& t) {
    return t.reused();
}
std::uint64_t startedOf(const Transfer& t) {
    return t.startedUSec();
}

// The properties that differ, by name, null-terminated for sd-bus.
std::vector<const char*> changedProperties(const TransferStatus& before, const TransferStatus& now) {
    std::vector<const char*> names;
    const auto compare = [&](const char* name, const auto& a, const auto& b) {
        if (a != b) {
            names.push_back(name);
        }
    };
    compare("State", before.state, now.state);
    compare("Detail", before.detail, now.detail);
    compare("BytesTransferred", before.bytesTransferred, now.bytesTransferred);
    compare("BytesTotal", before.bytesTotal, now.bytesTotal);
    compare("BytesWritten", before.bytesWritten, now.bytesWritten);
    compare("Progress", before.progress, now.progress);
    compare("Rate", before.rate, now.rate);
    compare("RemainingUSec", before.remainingUSec, now.remainingUSec);
    compare("Attempt", before.attempt, now.attempt);
    compare("Plugin", before.plugin, now.plugin);
    compare("ErrorName", before.errorName, now.errorName);
    compare("ErrorMessage", before.errorMessage, now.errorMessage);
    if (now.state == TransferState::Done && before.state != now.state) {
        names.push_back("Device");
        names.push_back("Reused");
    }
    return names;
}

} // namespace

BusObjects::BusObjects(sd_event* event, Manager& manager)
    : event_(event), manager_(manager), plugins_(event, manager.settings().program) {
    manager_.setListener(*this);
}

BusObjects::~BusObjects() = default;

void BusObjects::attach(sd_bus* bus) {
    // The slots are floating: they go with the connection.
    constexpr const char* what = "serving D-Bus objects";
    checkSd(sd_bus_add_object_manager(bus, nullptr, managerPath), what);
    checkSd(sd_bus_add_object_vtable(bus, nullptr, managerPath, managerInterface, managerVtable, this), what);
    checkSd(sd_bus_add_fallback_vtable(bus, nullptr, transferPrefix, transferInterface, transferVtable,
                                       findTransfer, this),
            what);
    checkSd(sd_bus_add_node_enumerator(bus, nullptr, transferPrefix, listNodes, this), what);
    connections_.push_back(bus);
}

void BusObjects::detach(sd_bus* bus) {
    connections_.erase(std::remove(connections_.begin(), connections_.end(), bus), connections_.end());
}

// Signals cannot fail in a way that concerns us: a connection that is gone says so by itself.
void BusObjects::transferNew(Transfer& transfer) {
    told_[transfer.id()] = {.status = transfer.status(), .when = Clock::now()};
    const auto path = pathOf(transfer);
    for (auto* bus : connections_) {
        (void)sd_bus_emit_object_added(bus, path.c_str());
        (void)sd_bus_emit_signal(bus, managerPath, managerInterface, "TransferNew", "uo", transfer.id(),
                                 path.c_str());
    }
}

void BusObjects::transferChanged(Transfer& transfer) {
    const auto told = told_.find(transfer.id());
    if (told == told_.end()) {
        return; // it is not announced yet
    }
    const auto& before = told->second.status;
    const auto& now = transfer.status();
    const bool news =
        before.state != now.state || before.detail != now.detail || before.attempt != now.attempt;
    if (news || Clock::now() - told->second.when >= shortestInterval) {
        tell(transfer);
    } else {
        tellLater();
    }
}

void BusObjects::transferEnded(Transfer& transfer) {
    tell(transfer);
    const auto path = pathOf(transfer);
    for (auto* bus : connections_) {
        (void)sd_bus_emit_signal(bus, managerPath, managerInterface, "TransferRemoved", "uos", transfer.id(),
                                 path.c_str(), stateOf(transfer).c_str());
    }
}

void BusObjects::transferForgotten(Transfer& transfer) {
    told_.erase(transfer.id());
    for (auto* bus : connections_) {
        (void)sd_bus_emit_object_removed(bus, pathOf(transfer).c_str());
    }
}

void BusObjects::tell(const Transfer& transfer) {
    auto& told = told_[transfer.id()];
    auto names = changedProperties(told.status, transfer.status());
    told = {.status = transfer.status(), .when = Clock::now()};
    if (names.empty()) {
        return;
    }
    names.push_back(nullptr);
    const auto path = pathOf(transfer);
    for (auto* bus : connections_) {
        (void)sd_bus_emit_properties_changed_strv(bus, path.c_str(), transferInterface,
                                                  const_cast<char**>(names.data()));
    }
}

// One timer for all: the last numbers of a transfer that falls silent are told as well.
void BusObjects::tellLater() {
    if (std::exchange(tellDue_, true)) {
        return;
    }
    constexpr auto usec = std::chrono::microseconds(shortestInterval).count();
    tellTimer_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_time_relative(event_, source, CLOCK_MONOTONIC, usec, 0, onTellDue, this);
        },
        "timing a signal");
}

int BusObjects::onTellDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<BusObjects*>(userdata);
    self.tellDue_ = false;
    for (const auto& [id, transfer] : self.manager_.transfers()) {
        self.tell(*transfer);
    }
    return 0;
}

int BusObjects::findTransfer(sd_bus*, const char* path, const char*, void* userdata, void** found,
                             sd_bus_error*) {
    const std::string_view text(path);
    if (!text.starts_with(transferNode)) {
        return 0;
    }
    std::uint32_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + transferNode.size(), end, id);
    if (error != std::errc() || stopped != end) {
        return 0;
    }
    *found = static_cast<BusObjects*>(userdata)->manager_.find(id);
    return *found != nullptr ? 1 : 0;
}

// sd-bus frees the array and the strings with free(3).
int BusObjects::listNodes(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) {
    const auto& transfers = static_cast<BusObjects*>(userdata)->manager_.transfers();
    auto** list = static_cast<char**>(std::calloc(transfers.size() + 1, sizeof(char*)));
    if (list == nullptr) {
        return -ENOMEM;
    }
    auto** next = list;
    for (const auto& [id, transfer] : transfers) {
        *next++ = ::strdup(pathOf(*transfer).c_str());
    }
    *nodes = list;
    return 0;
}

int BusObjects::onStartTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        (void)sd_bus_message_sensitive(message);
        const auto& transfer =
            static_cast<BusObjects*>(userdata)->manager_.start(readTransferRequest(message));
        return sd_bus_reply_method_return(message, "uo", transfer.id(), pathOf(transfer).c_str());
    });
}

int BusObjects::onCancelTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        std::uint32_t id = 0;
        checkSd(sd_bus_message_read(message, "u", &id), "reading the arguments of CancelTransfer");
        static_cast<BusObjects*>(userdata)->manager_.cancel(id);
        return sd_bus_reply_method_return(message, "");
    });
}

int BusObjects::onListTransfers(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        constexpr const char* what = "listing transfers";
        const auto reply = makeHandle<BusMessageHandle>(
            [&](sd_bus_message** m) { return sd_bus_message_new_method_return(message, m); }, what);
        checkSd(sd_bus_message_open_container(reply.get(), 'a', "(uosssd)"), what);
        for (const auto& [id, transfer] : static_cast<BusObjects*>(userdata)->manager_.transfers()) {
            checkSd(sd_bus_message_append(reply.get(), "(uosssd)", id, pathOf(*transfer).c_str(),
                                          transfer->url().c_str(), transfer->target().c_str(),
                                          stateOf(*transfer).c_str(), transfer->status().progress),
                    what);
        }
        checkSd(sd_bus_message_close_container(reply.get()), what);
        return sd_bus_send(nullptr, reply.get(), nullptr);
    });
}

int BusObjects::onListPlugins(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        static_cast<BusObjects*>(userdata)->plugins_.answer(message);
        return 1;
    });
}

int BusObjects::onCancel(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        static_cast<Transfer*>(userdata)->cancel();
        return sd_bus_reply_method_return(message, "");
    });
}

const sd_bus_vtable BusObjects::managerVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", versionProperty, 0, SD_BUS_VTABLE_PROPERTY_CONST),
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
    SD_BUS_SIGNAL_WITH_ARGS("TransferRemoved", SD_BUS_ARGS("u", id, "o", path, "s", result), 0),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable BusObjects::transferVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "u", (numberProperty<idOf, 'u'>), 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Url", "s", stringProperty<urlOf>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Target", "s", stringProperty<targetOf>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("StartedUSec", "t", (numberProperty<startedOf, 't'>), 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Device", "s", stringProperty<deviceOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Reused", "b", boolProperty<reusedOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Plugin", "s", stringProperty<pluginOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("State", "s", stringProperty<stateOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Detail", "s", stringProperty<detailOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BytesTransferred", "t", (numberProperty<transferredOf, 't'>), 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BytesTotal", "t", (numberProperty<totalOf, 't'>), 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BytesWritten", "t", (numberProperty<writtenOf, 't'>), 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Progress", "d", (numberProperty<progressOf, 'd'>), 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Rate", "t", (numberProperty<rateOf, 't'>), 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("RemainingUSec", "t", (numberProperty<remainingOf, 't'>), 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Attempt", "u", (numberProperty<attemptOf, 'u'>), 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ErrorName", "s", stringProperty<errorNameOf>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ErrorMessage", "s", stringProperty<errorMessageOf>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_METHOD("Cancel", "", "", onCancel, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

} // namespace bootferry
