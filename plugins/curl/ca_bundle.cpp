// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ca_bundle.h"

#include <sys/stat.h>
#include <unistd.h>

namespace bootferry::curl {
namespace {

constexpr const char* bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora and its relatives
    "/etc/pki/tls/certs/ca-bundle.crt",                  // older ones of them
    "/var/lib/ca-certificates/ca-bundle.pem",            // SUSE
    "/etc/ssl/ca-bundle.pem",                            // SUSE's link to it
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  // Arch
    "/etc/ssl/cert.pem",                                 // OpenSSL's own default
};

} // namespace

std::string findCaBundle(const std::string& root) {
    for (const auto* bundle : bundles) {
        auto path = root + bundle;
        struct stat status {};
        // update-ca-certificates creates an empty bundle if no authority is installed.
        if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
            access(path.c_str(), R_OK) == 0) {
            return path;
        }
    }
    return {};
}

} // namespace bootferry::curl
