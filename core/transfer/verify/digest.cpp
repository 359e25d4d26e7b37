// SPDX-License-Identifier: LGPL-2.1-or-later
// libcrypto uses the CPU's SHA instructions if it has them.
#include "digest.h"

#include <array>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

void checkCrypto(int result, const char* what) {
    if (result != 1) {
        throw Error(ErrorCode::Internal, fmt::format("libcrypto failed while {}", what));
    }
}

} // namespace

Checksum Checksum::parse(std::string_view text) {
    const auto checked = parseChecksum(text);
    const auto colon = checked.find(':');
    return {.algorithm = checked.substr(0, colon), .hex = checked.substr(colon + 1)};
}

Digest::Digest(const std::string& algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
    reset();
}

void Digest::reset() {
    const auto* method = EVP_get_digestbyname(algorithm_.c_str());
    if (method == nullptr || !context_) {
        throw Error(ErrorCode::Unsupported, fmt::format("libcrypto has no digest '{}'", algorithm_));
    }
    checkCrypto(EVP_DigestInit_ex(context_.get(), method, nullptr), "starting a digest");
}

void Digest::update(std::span<const std::byte> bytes) {
    checkCrypto(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "computing a digest");
}

Checksum Digest::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned length = 0;
    checkCrypto(EVP_DigestFinal_ex(context_.get(), raw.data(), &length), "finishing a digest");
    return {.algorithm = algorithm_, .hex = hexOf(std::span(raw).first(length))};
}

} // namespace bootferry
