// SPDX-License-Identifier: LGPL-2.1-or-later
// A checksum list that has to be signed: which file of it is fetched next, and what the failure of a fetch
// means. Decides only; a worker fetches (worker_process.cpp), and gpgv verifies (signature_check.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "errors.h"
#include "signature_check.h"
#include "transfer_request.h"
#include "url.h"
#include "worker_process.h"

namespace bootferry {

class SignedListFetch {
public:
    // request: with a checksum list and the signature that it must have.
    explicit SignedListFetch(const TransferRequest& request);

    // The job of the worker that fetches the next file: the list, then the signature. It has the credentials
    // for that file's server only. whole: the transfer's job.
    [[nodiscard]] WorkerJob fetchJob(const WorkerJob& whole) const;
    [[nodiscard]] const char* activity() const; // what that worker does, for people

    // The next file is here. Returns what is to be verified, without the keys; nullopt: fetch the next file.
    // Throws Error(Checksum).
    [[nodiscard]] std::optional<SignedMessage> arrived(std::string file);

    // The failure of the transfer, if the next file could not be fetched. nullopt: fetch the next file; the
    // signature may be elsewhere.
    [[nodiscard]] std::optional<Error> whyNotFetched(const Error& failure);

    [[nodiscard]] Error notVerified(Error failure) const;

    // The image's checksum in the verified text. Throws Error with the list's name.
    [[nodiscard]] std::string checksumIn(const std::string& signedText) const;

private:
    [[nodiscard]] Error notFound() const;
    [[nodiscard]] std::string listName() const;
    [[nodiscard]] std::string signatureName() const;
    [[nodiscard]] SignedMessage message(std::string signature) const;

    Url image_;
    Url url_; // of the list
    ListSignature wanted_;
    std::string list_;             // as it was fetched
    std::vector<Url> signatures_;  // where the signature may be; the first one is next. Empty: the list is
    std::optional<Error> refused_; // the first of them that the server refused to say anything about
};

} // namespace bootferry
