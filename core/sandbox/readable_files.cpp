// SPDX-License-Identifier: LGPL-2.1-or-later
// Each path exists on some distribution. Most files below them are the same on every machine.
#include "readable_files.h"

#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace bootferry {
namespace {

namespace fs = std::filesystem;

constexpr const char* always[] = {
    // modules of libraries
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    // certificates, domain lists, locales
    "/usr/share",
    "/usr/local/share",
    "/var/lib/ca-certificates", // SUSE
    // settings of libraries, certificates, name lookup
    "/etc",
    "/usr/etc", // SUSE's defaults
    // what the links in /etc lead to on NixOS and Guix
    "/nix/store",
    "/gnu/store",
    // name servers, and the links to them in /etc
    "/run/NetworkManager",
    "/run/connman",
    "/run/netconfig",
    "/run/resolvconf",
    "/run/systemd/resolve",
    // random numbers, and whether only certain ciphers are allowed (FIPS)
    "/dev/random",
    "/dev/urandom",
    "/proc/sys/crypto",
};

// Files that may be links to somewhere else; certificates are looked for here by curl's plugin.
constexpr const char* linked[] = {
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/hosts",
    "/etc/nsswitch.conf",
};

// The folder of the file with the name servers. In an initrd it appears when the network does, and nobody can
// say where below /run; an initrd has no users whose files would be there.
std::string nameServers(const std::string& root) {
    std::error_code error;
    const auto file = fs::canonical(root + "/etc/resolv.conf", error);
    if (error || fs::exists(root + "/etc/initrd-release", error)) {
        return root + "/run";
    }
    return file.parent_path() != "/" ? file.parent_path().string() : file.string();
}

// Certificates in a folder are often links to files elsewhere.
void addLinks(std::vector<std::string>& paths, const std::string& folder) {
    constexpr std::size_t most = 4096;
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end && count < most;
         entry.increment(error), ++count) {
        std::error_code ignored;
        if (entry->is_symlink(ignored) && entry->is_regular_file(ignored)) {
            paths.push_back(entry->path().string());
        }
    }
}

} // namespace

std::vector<std::string> readableFiles(const std::vector<std::string>& chosen, const std::string& root) {
    std::vector<std::string> paths;
    for (const auto* path : always) {
        paths.push_back(root + path);
    }
    for (const auto* path : linked) {
        paths.push_back(root + path);
    }
    paths.push_back(nameServers(root));
    for (const auto& folder : chosen) {
        paths.push_back(folder);
        addLinks(paths, folder);
    }
    return paths;
}

} // namespace bootferry
