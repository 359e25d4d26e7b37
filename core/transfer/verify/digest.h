// SPDX-License-Identifier: LGPL-2.1-or-later
// A checksum as an administrator writes it ("sha256:9f86d0…"), and its computation piece by piece with
// OpenSSL's libcrypto (EVP_DigestInit(3)).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace bootferry {

struct Checksum {
    std::string algorithm; // "sha256", "sha512"
    std::string hex;       // lower case

    // Throws Error(Invalid) with the expected format.
    [[nodiscard]] static Checksum parse(std::string_view text);
    [[nodiscard]] std::string text() const { return algorithm + ":" + hex; }
    bool operator==(const Checksum&) const = default;
};

class Digest {
public:
    // Throws Error(Unsupported) if libcrypto does not have the algorithm.
    explicit Digest(const std::string& algorithm);

    void update(std::span<const std::byte> bytes);
    [[nodiscard]] Checksum finish(); // call reset() before the next use
    void reset();

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::string algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

} // namespace bootferry
