// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key.h"

#include <algorithm>
#include <array>

#include <libssh2.h>
#include <openssl/evp.h>

#include "ascii_text.h"
#include "host.h"

namespace bootferry::sftp {
namespace {

constexpr std::string_view prefix = "SHA256:";
constexpr std::size_t base64Size = 43; // of 32 bytes, unpadded

struct KeyType {
    int type;
    const char* algorithms;
    const char* name; // as ssh-keygen has it
};

constexpr std::array keyTypes{
    KeyType{LIBSSH2_HOSTKEY_TYPE_ED25519, "ssh-ed25519", "ED25519"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_256, "ecdsa-sha2-nistp256", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_384, "ecdsa-sha2-nistp384", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_521, "ecdsa-sha2-nistp521", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_RSA, "rsa-sha2-512,rsa-sha2-256", "RSA"},
};

const KeyType* find(int type) {
    const auto* known =
        std::find_if(keyTypes.begin(), keyTypes.end(), [type](const KeyType& k) { return k.type == type; });
    return known != keyTypes.end() ? known : nullptr;
}

std::string bytesOfHex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const auto value = plugin::parseNumber<unsigned char>(digits.substr(i, 2), 16);
        if (!value) {
            return {};
        }
        bytes += static_cast<char>(*value);
    }
    return bytes;
}

} // namespace

std::string HostKey::describe() const {
    const auto* known = find(type);
    return (known != nullptr ? std::string(known->name) + " " : "") + fingerprint;
}

std::string fingerprintOf(std::string_view sha256) {
    std::string text(4 * ((sha256.size() + 2) / 3) + 1, '\0'); // EVP_EncodeBlock ends it by a null
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(sha256.data()),
                                       static_cast<int>(sha256.size()));
    text.resize(static_cast<std::size_t>(length));
    text.erase(text.find_last_not_of('=') + 1);
    return std::string(prefix) + text;
}

std::string parseFingerprint(std::string_view text) {
    const auto refuse = [](const std::string& why) -> std::string {
        throw plugin::Failure(BOOTFERRY_ERROR_INVALID,
                              why + "; a fingerprint is SHA256:… as ssh-keygen -l prints it");
    };
    if (text.starts_with("MD5:") || std::count(text.begin(), text.end(), ':') > 1) {
        return refuse("MD5 fingerprints are too weak to be accepted");
    }
    const bool prefixed = text.starts_with(prefix);
    auto body = text.substr(prefixed ? prefix.size() : 0);
    if (!prefixed && body.size() == 2 * sha256Size) {
        if (const auto bytes = bytesOfHex(body); bytes.size() == sha256Size) {
            return fingerprintOf(bytes);
        }
    }
    if (body.size() == base64Size + 1 && body.back() == '=') {
        body.remove_suffix(1);
    }
    if (body.size() != base64Size || body.find_first_not_of(base64Alphabet) != std::string_view::npos) {
        return refuse("this is not a fingerprint");
    }
    return std::string(prefix) + std::string(body);
}

const std::vector<std::string>& hostKeyAlgorithms() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> names;
        for (const auto& type : keyTypes) {
            names.emplace_back(type.algorithms);
        }
        return names;
    }();
    return all;
}

std::string algorithmsOf(int type) {
    const auto* known = find(type);
    return known != nullptr ? known->algorithms : "";
}

} // namespace bootferry::sftp
