// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key.h"

#include <algorithm>
#include <array>
#include <new>

#include "ascii_text.h"
#include "host.h"
#include "ssh_handles.h"

namespace bootferry::sftp {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t sha256Size = 32;
constexpr std::size_t base64Size = 43; // of 32 bytes, unpadded

struct KeyType {
    ssh_keytypes_e type;
    const char* algorithms;
    const char* name; // as ssh-keygen has it
};

constexpr std::array keyTypes{
    KeyType{SSH_KEYTYPE_ED25519, "ssh-ed25519", "ED25519"},
    KeyType{SSH_KEYTYPE_ECDSA_P256, "ecdsa-sha2-nistp256", "ECDSA"},
    KeyType{SSH_KEYTYPE_ECDSA_P384, "ecdsa-sha2-nistp384", "ECDSA"},
    KeyType{SSH_KEYTYPE_ECDSA_P521, "ecdsa-sha2-nistp521", "ECDSA"},
    KeyType{SSH_KEYTYPE_RSA, "rsa-sha2-512,rsa-sha2-256", "RSA"},
};

const KeyType* find(ssh_keytypes_e type) {
    const auto* known =
        std::find_if(keyTypes.begin(), keyTypes.end(), [type](const KeyType& k) { return k.type == type; });
    return known != keyTypes.end() ? known : nullptr;
}

std::string fingerprintOf(unsigned char* sha256, std::size_t size) {
    const TextHandle text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, sha256, size));
    if (!text) {
        throw std::bad_alloc();
    }
    return text.get();
}

std::vector<unsigned char> bytesOfHex(std::string_view digits) {
    std::vector<unsigned char> bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const auto value = plugin::parseNumber<unsigned char>(digits.substr(i, 2), 16);
        if (!value) {
            return {};
        }
        bytes.push_back(*value);
    }
    return bytes;
}

} // namespace

HostKey HostKey::of(ssh_key key) {
    char* base64 = nullptr;
    unsigned char* sha256 = nullptr;
    std::size_t size = 0;
    const bool exported = ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK;
    const TextHandle text(base64);
    const bool hashed = ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &sha256, &size) == 0;
    const HashHandle hash(sha256);
    if (!exported || !hashed) {
        throw std::bad_alloc();
    }
    return {.base64 = text.get(), .type = ssh_key_type(key), .fingerprint = fingerprintOf(hash.get(), size)};
}

std::string HostKey::describe() const {
    const auto* known = find(type);
    return (known != nullptr ? std::string(known->name) + " " : "") + fingerprint;
}

std::string parseFingerprint(std::string_view text) {
    const auto refuse = [](const std::string& why) -> std::string {
        throw plugin::Failure(BOOTFERRY_ERROR_INVALID,
                              why + "; a fingerprint is SHA256:… as ssh-keygen -l prints it");
    };
    constexpr std::string_view prefix = "SHA256:";
    if (text.starts_with("MD5:") || std::count(text.begin(), text.end(), ':') > 1) {
        return refuse("MD5 fingerprints are too weak to be accepted");
    }
    const bool prefixed = text.starts_with(prefix);
    auto body = text.substr(prefixed ? prefix.size() : 0);
    if (!prefixed && body.size() == 2 * sha256Size) {
        if (auto bytes = bytesOfHex(body); bytes.size() == sha256Size) {
            return fingerprintOf(bytes.data(), bytes.size());
        }
    }
    if (body.size() == base64Size + 1 && body.back() == '=') {
        body.remove_suffix(1);
    }
    if (body.size() != base64Size || body.find_first_not_of(alphabet) != std::string_view::npos) {
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

std::string algorithmsOf(ssh_keytypes_e type) {
    const auto* known = find(type);
    return known != nullptr ? known->algorithms : "";
}

} // namespace bootferry::sftp
