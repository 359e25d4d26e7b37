// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot_report.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "files.h"
#include "json.h"
#include "shown_argument.h"
#include "text.h"

namespace bootferry {
namespace {

std::string lineOf(const std::string& path) {
    try {
        return std::string(trimmed(readSmallFile(path).value_or("")));
    } catch (const Error&) {
        return {}; // a report without it is better than none
    }
}

std::vector<std::string> hardwareAddresses(const std::string& root) {
    std::vector<std::string> addresses;
    std::error_code error;
    for (const auto& interface : std::filesystem::directory_iterator(root + "/sys/class/net", error)) {
        // Loopback, bridges and the like are not devices.
        if (auto address = lineOf(interface.path() / "address");
            !address.empty() && std::filesystem::exists(interface.path() / "device", error)) {
            addresses.push_back(std::move(address));
        }
    }
    std::sort(addresses.begin(), addresses.end());
    return addresses;
}

std::string hostName() {
    std::string name(256, '\0');
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return {};
    }
    name.resize(std::strlen(name.data()));
    return name;
}

TransferStatus withoutQueries(TransferStatus status) {
    for (auto* text : {&status.url, &status.detail, &status.errorMessage}) {
        *text = bootferry::withoutQueries(*text);
    }
    for (auto& source : status.sources) {
        source = bootferry::withoutQueries(source);
    }
    return status;
}

} // namespace

Machine thisMachine(const std::string& root) {
    return {.machineId = lineOf(root + "/etc/machine-id"),
            .bootId = lineOf(root + "/proc/sys/kernel/random/boot_id"),
            .hostName = hostName(),
            .hardwareAddresses = hardwareAddresses(root)};
}

std::string reportText(const Machine& machine, const std::vector<TransferStatus>& transfers,
                       const std::string& failure) {
    JsonObject report;
    report.add("machine_id", machine.machineId);
    report.add("boot_id", machine.bootId);
    report.add("host_name", machine.hostName);
    report.add("hardware_addresses", machine.hardwareAddresses);
    if (failure.empty()) {
        report.addNull("failure");
    } else {
        report.add("failure", bootferry::withoutQueries(failure));
    }
    std::vector<JsonObject> objects;
    for (const auto& status : transfers) {
        objects.push_back(toJson(withoutQueries(status)));
    }
    report.add("transfers", objects);
    return report.text(JsonStyle::Short);
}

} // namespace bootferry
