// SPDX-License-Identifier: LGPL-2.1-or-later
// A checksum as the administrator writes it ("sha256:9f86d0…") and its computation while the bytes stream by,
// with OpenSSL's libcrypto (EVP_DigestInit(3)).
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

    // Throws Error(Invalid) that says what was expected.
    [[nodiscard]] static Checksum parse(std::string_view text);
    [[nodiscard]] std::string text() const { return algorithm + ":" + hex; }
    bool operator==(const Checksum&) const = default;
};

class Digest {
public:
    explicit Digest(
        const std::string& algorithm); // throws Error(Unsupported) for one libcrypto does not know

    void update(std::span<const std::byte> bytes);
    [[nodiscard]] Checksum finish(); // once; then reset() before the next use
    void reset();

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::string algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

} // namespace bootferry
