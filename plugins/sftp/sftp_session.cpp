// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_session.h"

#include <algorithm>
#include <cstddef>

#include "ssh_login.h"
#include "tcp_connection.h"

namespace bootferry::sftp {

using plugin::Failure;

void SftpSession::open(const bootferry_request& request) {
    const auto url = SftpUrl::parse(request.url);
    waiter_.emplace(request.cancel_fd);
    waiter_->throwIfCancelled();
    const auto login = options_.login(host());
    const auto timeout = options_.connectTimeout();
    waiter_->setDeadline(plugin::Waiter::Clock::now() + timeout, url.authority() +
                                                                     ": timed out opening the file (" +
                                                                     std::to_string(timeout.count()) + " s)");
    connect(url);
    logIn(*connection_, login);
    connection_->keepAlive();
    file_.emplace(*connection_, url.path);
    if (file_->attributesAreHidden()) {
        host().log(BOOTFERRY_LOG_WARNING,
                   "the server does not tell the file's size and time (sftp-server's -P or "
                   "-p denies fstat): after a cut, the transfer starts over");
    }
    examine(request);
    file_->seek(request.offset);
    waiter_->clearDeadline();
}

// A server has a key of each kind and shows one of them. If a fingerprint is pinned and does not match, the
// next kind is requested over a new connection: a fingerprint does not show the kind of its key.
void SftpSession::connect(const SftpUrl& url) {
    const auto policy = options_.hostKeyPolicy(host());
    auto algorithms = policy.algorithmsFor(url);
    std::optional<Failure> refused;
    while (!algorithms.empty()) {
        connection_ = std::make_unique<SshConnection>(connectTcp(url), *waiter_, url.authority());
        try {
            connection_->shakeHands(algorithms);
        } catch (const Failure& failure) {
            if (refused && failure.code() == BOOTFERRY_ERROR_TLS) {
                break; // the server has no key of another kind
            }
            throw;
        }
        const auto key = connection_->hostKey();
        const auto reason = policy.refusal(url, key);
        if (!reason) {
            return;
        }
        if (!refused) {
            refused.emplace(BOOTFERRY_ERROR_TLS, *reason + policy.hint(url, key));
        }
        if (!policy.mayKnowAnotherKey() || std::erase(algorithms, algorithmsOf(key.type)) == 0) {
            break;
        }
    }
    throw Failure(*refused);
}

Descriptor SftpSession::connectTcp(const SftpUrl& url) {
    const auto& resolution = resolver_.resolve(url.host, *waiter_);
    if (resolution.endpoints.empty()) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "host name '" + url.host + "' does not resolve",
                      resolution.systemError);
    }
    auto attempt = plugin::connectTo(resolution.at(url.port), *waiter_, {});
    if (!attempt.socket) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "connecting to " + url.authority(), attempt.error);
    }
    if (const auto address = plugin::peerOf(attempt.socket); !address.empty()) {
        host().log(BOOTFERRY_LOG_DEBUG, "connected to " + address);
    }
    return std::move(attempt.socket);
}

void SftpSession::examine(const bootferry_request& request) const {
    if (request.validator != nullptr && file_->validator() != request.validator) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "the file on the server changed");
    }
    if (file_->size() && request.offset > *file_->size()) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "byte " + std::to_string(request.offset) +
                                                 " is beyond the end of the file on the server");
    }
    if (request.offset > 0 && !file_->size()) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "the server does not report the file's size");
    }
}

plugin::Info SftpSession::info() {
    plugin::Info info;
    if (file_) {
        const auto size = file_->size();
        info.flags = size ? BOOTFERRY_INFO_RESUMABLE : 0;
        info.size = size.value_or(BOOTFERRY_SIZE_UNKNOWN);
        info.validator = file_->validator();
        info.modified = file_->modified();
    }
    return info;
}

std::size_t SftpSession::read(void* buffer, std::size_t size) {
    waiter_->throwIfCancelled();
    return file_->read({static_cast<std::byte*>(buffer), size});
}

} // namespace bootferry::sftp
