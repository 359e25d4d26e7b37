// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a boot request into the text of unit files. Pure, so that tests can examine every boot.
//
//   bootferry-deploy.service → bootferry-live-root.service → sysroot.mount → initrd-root-fs.target
//
// No unit is ordered after a network target (initrds differ in theirs) or waits for a device that cannot
// appear; a boot that cannot continue ends in the emergency shell with the reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "boot_origin.h"
#include "boot_request.h"

namespace bootferry {

struct UnitFile {
    std::string path; // below the generator's output folder
    std::string text;
};

struct UnitLink {
    std::string path;
    std::string target;
};

struct SecretFile {
    std::string path; // absolute; written 0600
    std::string text;
};

// For udev and networkd, which read /run/systemd/network.
struct LinkFile {
    std::string name; // below that folder
    std::string text;
};

struct UnitFiles {
    std::vector<UnitFile> normal;
    std::vector<UnitFile> early; // come before what other generators write
    std::vector<UnitLink> earlyLinks;
    std::vector<SecretFile> secrets;
    std::vector<LinkFile> network;
    std::vector<UnitFile> lasting; // outlive the initrd
};

struct InstalledPaths {
    std::string bootferryctl;
    std::string liveRoot;
    std::string report;
    std::string workerUser;
    std::string certificates; // the certificates for https, as lines of a unit's [Service]
    std::string service;      // bootferryd
    std::string credentials;  // of bootferryd, in the same form
    std::string runtimeDirectory = "/run/bootferry";
    std::string networkDirectory = "/run/systemd/network";
    std::string lastingDirectory = "/run/systemd/system"; // of units
    std::string efiVariables = efiVariablesFolder;
    std::string verityTable; // of an initrd that KIWI has built (verity_table.h); empty: there is none
};

// The paths of this build.
[[nodiscard]] InstalledPaths installedPaths();

[[nodiscard]] UnitFiles generateUnits(const BootRequest& request, const InstalledPaths& paths);

// The same chain, whose first unit fails with the reason.
[[nodiscard]] UnitFiles generateRefusal(const std::string& reason, const InstalledPaths& paths);

} // namespace bootferry
