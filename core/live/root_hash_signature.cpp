// SPDX-License-Identifier: LGPL-2.1-or-later
// The signature comes from the command line or the initrd, not from the network: whoever could harm this
// process with it has the machine already.
#include "root_hash_signature.h"

#include <algorithm>

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>

#include "cms_signature.h"
#include "environment.h"
#include "errors.h"
#include "files.h"
#include "signed_list.h"
#include "trusted_certificates.h"
#include "verity_request.h"

namespace bootferry {
namespace {

// Where the initrd itself demands signatures, only its own certificates count: the kernel command line can
// set a credential, too.
std::string trustedCertificates() {
    const auto settings = settingsFolder();
    auto certificates = certificatesFromFolder(settings + "/keys");
    if (!requiresSignatures(settings)) {
        const auto folder = environment("BOOTFERRY_SYSTEM_CREDENTIALS", "/run/credentials/@system");
        const auto path = folder + "/bootferry.keys";
        certificates += certificatesIn(readSmallFile(path).value_or(""), path);
    }
    if (certificates.empty()) {
        throw Error(ErrorCode::NotFound,
                    fmt::format("no certificate is trusted: put the signer's into '{}/keys/NAME.pem' of the "
                                "initrd",
                                settings));
    }
    return certificates;
}

std::string decoded(std::string_view base64) {
    std::string bytes(base64.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                       reinterpret_cast<const unsigned char*>(base64.data()),
                                       static_cast<int>(base64.size()));
    if (length < 0) {
        throw Error(ErrorCode::Checksum, "it is damaged: this is not base64");
    }
    const auto padding = static_cast<std::size_t>(std::count(base64.begin(), base64.end(), '='));
    bytes.resize(static_cast<std::size_t>(length) - std::min<std::size_t>(padding, 2));
    return bytes;
}

std::string bytesOf(const std::string& signature) {
    if (signature.starts_with(base64Signature)) {
        return decoded(std::string_view(signature).substr(base64Signature.size()));
    }
    auto file = readSmallFile(signature);
    if (!file) {
        throw Error(ErrorCode::NotFound, fmt::format("'{}' does not exist", signature));
    }
    return std::move(*file);
}

} // namespace

std::string verifyRootHashSignature(const std::string& rootHash, const std::string& signature) {
    try {
        return verifyCmsSignature(rootHash, bytesOf(signature), trustedCertificates());
    } catch (Error& error) {
        error.addContext("the signature of the root hash");
        throw;
    }
}

} // namespace bootferry
