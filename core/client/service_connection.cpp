// SPDX-License-Identifier: LGPL-2.1-or-later
#include "service_connection.h"

#include <cstdint>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "bus_names.h"
#include "environment.h"
#include "no_service.h"

namespace bootferry {
namespace {

// sd-bus itself waits for 90 s until a connection is usable, whatever the timeout of a call.
void awaitReady(sd_bus* bus, std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + patience;
    const auto progressed = [&](int result) {
        if (result < 0) {
            throw NoService(-result, "bootferryd does not answer");
        }
        return result > 0;
    };
    while (!progressed(sd_bus_is_ready(bus))) {
        if (progressed(sd_bus_process(bus, nullptr))) {
            continue;
        }
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            sd_bus_close(bus); // or its destructor waits as well, to send what is left
            throw SilentService(patience);
        }
        (void)progressed(sd_bus_wait(bus, static_cast<std::uint64_t>(left.count())));
    }
}

BusHandle openPrivate(const std::string& address) {
    auto bus = makeHandle<BusHandle>([](sd_bus** b) { return sd_bus_new(b); }, "connecting to bootferryd");
    checkSd(sd_bus_set_address(bus.get(), address.c_str()), "communicating with bootferryd");
    const int result = sd_bus_start(bus.get());
    if (result < 0) {
        throw NoService(-result, fmt::format("no bootferryd listens at '{}'", address));
    }
    return bus;
}

// Without a listener returns null: a killed service may have left its socket.
BusHandle openPrivateIfServed() {
    try {
        return openPrivate(fmt::format("unix:path={}", privateSocketPath));
    } catch (const NoService&) {
        return nullptr;
    }
}

BusHandle openSystem() {
    sd_bus* bus = nullptr;
    const int result = sd_bus_open_system(&bus);
    if (result < 0) {
        throw NoService(
            -result,
            fmt::format("bootferryd is not running: it does not listen at '{}', and there is no system bus "
                        "(systemctl start bootferryd.socket)",
                        privateSocketPath));
    }
    return BusHandle(bus);
}

} // namespace

ServiceConnection connectToSocket(const std::string& path, std::chrono::seconds patience) {
    ServiceConnection connection{.bus = openPrivate(fmt::format("unix:path={}", path))};
    awaitReady(connection.bus.get(), patience);
    return connection;
}

ServiceConnection connectToService(std::chrono::seconds patience) {
    const auto address = environment("BOOTFERRY_ADDRESS");
    ServiceConnection connection;
    connection.bus = address ? openPrivate(*address) : openPrivateIfServed();
    if (!connection.bus) {
        connection = {.bus = openSystem(), .destination = busName};
    }
    awaitReady(connection.bus.get(), patience);
    return connection;
}

} // namespace bootferry
