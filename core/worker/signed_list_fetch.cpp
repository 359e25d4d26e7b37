// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signed_list_fetch.h"

#include <utility>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "checksum_list.h"
#include "credentials.h"
#include "signed_list.h"

namespace bootferry {
namespace {

Error inContext(Error error, const std::string& context) {
    error.addContext(context);
    return error;
}

} // namespace

SignedListFetch::SignedListFetch(const TransferRequest& request)
    : image_(request.url), url_(*request.checksumUrl), wanted_(*request.signature) {}

WorkerJob SignedListFetch::fetchJob(const WorkerJob& whole) const {
    const auto& url = signatures_.empty() ? url_ : signatures_.front();
    auto job = whole;
    job.credentials = credentialsFor(url, image_, whole.credentials);
    job.withholdLogin = !isSameOrigin(url, image_);
    auto& request = job.request;
    request.url = url;
    request.mirrors.clear();
    request.checksumUrl.reset();
    request.signature.reset();
    request.continuation.reset();
    request.decode = false;
    request.requireLiveImage = false;
    request.requireDeclaredSize = false;
    request.connections = 1;
    return job;
}

const char* SignedListFetch::activity() const {
    return signatures_.empty() ? "fetching the checksum list" : "fetching the signature of the checksum list";
}

std::optional<SignedMessage> SignedListFetch::arrived(std::string file) {
    if (!signatures_.empty()) {
        if (file.empty()) {
            throw Error(ErrorCode::Checksum, signatureName() + ": it is empty");
        }
        return message(std::move(file));
    }
    list_ = std::move(file);
    const bool mustBeInline = wanted_.url && wanted_.url->asWritten() == url_.asWritten();
    if (mustBeInline && !isSignedInline(list_)) {
        throw Error(ErrorCode::Checksum, listName() + ": it has no inline signature");
    }
    if (!wanted_.text.empty()) {
        return message(wanted_.text);
    }
    if (mustBeInline || (!wanted_.url && isSignedInline(list_))) {
        return message({});
    }
    signatures_ = wanted_.url ? std::vector{*wanted_.url} : usualSignatures(url_);
    return std::nullopt;
}

std::optional<Error> SignedListFetch::whyNotFetched(const Error& failure) {
    const bool isSignature = !signatures_.empty();
    // An object store answers 403 for what does not exist to those who may not list its files.
    const bool mayNotExist = failure.code() == ErrorCode::NotFound || failure.code() == ErrorCode::Auth;
    if (isSignature && mayNotExist && !wanted_.url) {
        if (failure.code() == ErrorCode::Auth && !refused_) {
            refused_ = inContext(failure, fmt::format("'{}'", signatures_.front().shown()));
        }
        if (signatures_.size() > 1) {
            signatures_.erase(signatures_.begin());
            return std::nullopt;
        }
        return notFound();
    }
    const auto name = isSignature ? signatureName() : listName();
    if (failure.code() == ErrorCode::TooLarge) {
        return Error(ErrorCode::Checksum,
                     fmt::format("{}: it is larger than 1 MiB, so it is not a {}: check the URL", name,
                                 isSignature ? "signature" : "checksum list"));
    }
    return inContext(failure, name);
}

Error SignedListFetch::notFound() const {
    constexpr std::string_view wherever = "it has no inline signature, and no file with .gpg, .asc, .sign, "
                                          ".sig or .p7s after its name is beside it";
    if (!refused_) {
        return {ErrorCode::NotFound, fmt::format("{} is not signed: {}", listName(), wherever)};
    }
    return {ErrorCode::Auth, fmt::format("{} has no signature that may be fetched: {}; {}", listName(),
                                         wherever, refused_->what())};
}

Error SignedListFetch::notVerified(Error failure) const {
    return inContext(std::move(failure), "the signature of " + listName());
}

std::string SignedListFetch::checksumIn(const std::string& signedText) const {
    try {
        requirePlainList(signedText);
        return parseChecksum(findChecksum(signedText, image_));
    } catch (const Error& error) {
        throw inContext(error, listName());
    }
}

std::string SignedListFetch::listName() const {
    return fmt::format("the checksum list '{}'", url_.shown());
}

std::string SignedListFetch::signatureName() const {
    return fmt::format("the signature '{}' of {}", signatures_.front().shown(), listName());
}

// signature: empty if the list is signed inline.
SignedMessage SignedListFetch::message(std::string signature) const {
    return {.keys = {}, .text = list_, .signature = std::move(signature)};
}

} // namespace bootferry
