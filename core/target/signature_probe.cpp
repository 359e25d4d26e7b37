// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signature_probe.h"

#include <cerrno>

#include "errors.h"

namespace bootferry {

SignatureProbe makeSignatureProbe(int fd, std::uint64_t offset, std::uint64_t size, std::string_view what) {
    SignatureProbe probe(blkid_new_probe());
    if (!probe) {
        throwErrno(ENOMEM, what);
    }
    errno = 0;
    if (blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset),
                               static_cast<blkid_loff_t>(size)) != 0) {
        throwErrno(errno, what);
    }
    return probe;
}

std::string probedValue(const SignatureProbe& probe, const char* key) {
    const char* text = nullptr;
    const bool isThere = blkid_probe_lookup_value(probe.get(), key, &text, nullptr) == 0 && text != nullptr;
    return isThere ? text : "";
}

} // namespace bootferry
