// SPDX-License-Identifier: LGPL-2.1-or-later
// A root image whose blocks are verified when they are read (dm-verity): the root hash, where the hash tree
// is, and what happens to a damaged block. The tree covers the root image (LiveOS/squashfs.img in an ISO, or
// a squashfs or erofs that was fetched as it is), as in KIWI's images: this file is what is mounted, and what
// image builders run veritysetup(8) on. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "url.h"

namespace bootferry {

inline constexpr std::string_view base64Signature = "base64:";

struct VerityRequest {
    std::string rootHash;  // lower case hex; empty: nothing is verified
    std::string signature; // that the root hash must have: base64:..., or a file's path; empty: none
    std::optional<Url> signatureUrl;     // the signature is a file on a server; without userinfo
    std::optional<Url> tree;             // the hash tree is a file on a server; without userinfo
    std::optional<std::uint64_t> offset; // it lies in the root image, from this byte on
    bool isUsualTree = false; // the tree is beside the image, and that of a mirror beside the mirror's
    std::vector<std::string> options; // as veritysetup(8) names them

    [[nodiscard]] bool isRequested() const { return !rootHash.empty(); }
    // The files that are fetched beside the image.
    [[nodiscard]] std::vector<Url> fetched() const;
};

// Hex, of 20 to 64 bytes, in lower case. Throws Error(Invalid).
[[nodiscard]] std::string parseRootHash(std::string_view text);

// text: "base64:" with a CMS signature (DER), or the path of a file in the initrd. Throws Error(Invalid).
[[nodiscard]] std::string parseRootHashSignature(std::string_view text);

// text: the same, or a URL. Throws Error(Invalid).
void setRootHashSignature(VerityRequest& request, std::string_view text);

// text: a URL, or "hash-offset:BYTES". Throws Error(Invalid).
void setVerityTree(VerityRequest& request, std::string_view text);

// text: separated by commas. Throws Error(Invalid), or Error(Unsupported) for options of veritysetup(8) that
// are not served.
[[nodiscard]] std::vector<std::string> parseVerityOptions(std::string_view text);

// Call when the request is complete. image: the URL that it is fetched from; nullptr: a local medium. The
// hash tree of an image that is fetched lies beside it, unless the line says where. Throws Error(Invalid,
// Unsupported) if the image would be read unverified although the line says something else.
void completeVerity(VerityRequest& request, const Url* image);

// Warnings for the console about what a verified boot does not verify, or does at every boot. imageInMemory:
// the image is fetched at every boot anyway; keepsChanges: in a partition on the disk. Call when the request
// is complete.
[[nodiscard]] std::vector<std::string> remarksOnVerity(const VerityRequest& request, bool imageInMemory,
                                                       bool keepsChanges);

// The default place of an image's hash tree: beside it, with .verity behind its name.
[[nodiscard]] Url usualTree(const Url& image);

} // namespace bootferry
