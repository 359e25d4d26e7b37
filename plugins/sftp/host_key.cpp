// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <libssh2.h>

#include "host.h"

namespace bootferry::sftp {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t sha256Size = 32;
constexpr std::size_t base64Size = 43; // of 32 bytes, unpadded

struct KeyType {
    int type;
    const char* algorithm;
    const char* name; // as ssh-keygen has it
};

constexpr std::array keyTypes{
    KeyType{LIBSSH2_HOSTKEY_TYPE_ED25519, "ssh-ed25519", "ED25519"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_256, "ecdsa-sha2-nistp256", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_384, "ecdsa-sha2-nistp384", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_521, "ecdsa-sha2-nistp521", "ECDSA"},
    KeyType{LIBSSH2_HOSTKEY_TYPE_RSA, "ssh-rsa", "RSA"},
};

std::string bytesOfHex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        if (error != std::errc() || end != digits.data() + i + 2) {
            return {};
        }
        bytes += static_cast<char>(value);
    }
    return bytes;
}

} // namespace

std::string HostKey::describe() const {
    const auto* known =
        std::find_if(keyTypes.begin(), keyTypes.end(), [this](const KeyType& k) { return k.type == type; });
    return (known != keyTypes.end() ? std::string(known->name) + " " : "") + fingerprint;
}

std::string base64(std::string_view bytes, bool padded) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group = bytes.substr(i, 3);
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        }
        for (std::size_t k = 0; k <= group.size(); ++k) {
            text += alphabet[bits >> (18U - 6U * k) & 63U];
        }
        text.append(padded ? 3 - group.size() : 0, '=');
    }
    return text;
}

std::string fingerprintOf(std::string_view sha256) {
    return "SHA256:" + base64(sha256, false);
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
        if (const auto bytes = bytesOfHex(body); bytes.size() == sha256Size) {
            return fingerprintOf(bytes);
        }
    }
    if (body.size() == base64Size + 1 && body.back() == '=') {
        body.remove_suffix(1);
    }
    if (body.size() != base64Size || body.find_first_not_of(alphabet) != std::string_view::npos) {
        return refuse("this is no fingerprint");
    }
    return std::string(prefix) + std::string(body);
}

const std::vector<std::string>& hostKeyAlgorithms() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> names;
        for (const auto& type : keyTypes) {
            names.emplace_back(type.algorithm);
        }
        return names;
    }();
    return all;
}

std::string algorithmOf(int type) {
    const auto* known =
        std::find_if(keyTypes.begin(), keyTypes.end(), [type](const KeyType& k) { return k.type == type; });
    return known != keyTypes.end() ? known->algorithm : "";
}

} // namespace bootferry::sftp
