// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tls_end.h"

#include <new>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

namespace bootferry::curl {

struct TlsConnection {
    bool missesNotice = false;
    const SSL* tls = nullptr; // valid while libcurl reads from it
    bool hasAll = false;
    bool hasSurplus = false;
};

namespace {

using Shared = std::shared_ptr<TlsConnection>;

void forget(void*, void* connection, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Shared*>(connection);
}

int place() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &forget);
    return index;
}

TlsConnection* connectionOf(const SSL* tls) {
    const auto* shared = static_cast<Shared*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), place()));
    return shared != nullptr ? shared->get() : nullptr;
}

void onEvent(const SSL* tls, int where, int alert) {
    constexpr int description = 0xff;
    auto* connection = connectionOf(tls);
    if (connection == nullptr) {
        return;
    }
    connection->tls = tls;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (alert & description) == SSL_AD_CLOSE_NOTIFY) {
        connection->missesNotice = false;
    }
}

// The type of a record is in its header; of TLS 1.3 it is encrypted, and reported once it is not.
void onRecord(int isSent, int, int type, const void* bytes, std::size_t count, SSL* tls, void*) {
    const bool isEncryptedType = SSL_version(tls) >= TLS1_3_VERSION;
    if (isSent != 0 || count == 0 ||
        type != (isEncryptedType ? SSL3_RT_INNER_CONTENT_TYPE : SSL3_RT_HEADER)) {
        return;
    }
    auto* connection = connectionOf(tls);
    if (connection != nullptr && connection->hasAll &&
        *static_cast<const unsigned char*>(bytes) == SSL3_RT_APPLICATION_DATA) {
        connection->hasSurplus = true;
    }
}

} // namespace

TlsEnd::TlsEnd() : newest_(std::make_shared<TlsConnection>()) {}

bool TlsEnd::noticed() const {
    return !newest_->missesNotice;
}

bool TlsEnd::hasSurplus() const {
    return newest_->hasSurplus;
}

void TlsEnd::watch(CURL* easy) {
    const char* library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (library != nullptr && std::string_view(library).starts_with("OpenSSL")) {
        isWatched_ = true;
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &TlsEnd::onContext);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
    }
}

void TlsEnd::allArrived() {
    newest_->hasAll = true;
    newest_->hasSurplus = newest_->tls != nullptr && SSL_pending(newest_->tls) > 0; // of the same record
}

// Of a proxy first, if it speaks TLS, and then of the server.
CURLcode TlsEnd::onContext(CURL*, void* context, void* end) noexcept {
    auto* settings = static_cast<SSL_CTX*>(context);
    try {
        auto connection = std::make_shared<TlsConnection>(TlsConnection{.missesNotice = true});
        auto shared = std::make_unique<Shared>(connection);
        if (SSL_CTX_set_ex_data(settings, place(), shared.get()) != 1) {
            return CURLE_OUT_OF_MEMORY;
        }
        static_cast<void>(shared.release()); // to OpenSSL, see forget()
        SSL_CTX_set_info_callback(settings, &onEvent);
        SSL_CTX_set_msg_callback(settings, &onRecord);
        static_cast<TlsEnd*>(end)->newest_ = std::move(connection);
        ++static_cast<TlsEnd*>(end)->count_;
    } catch (const std::bad_alloc&) {
        return CURLE_OUT_OF_MEMORY;
    }
    return CURLE_OK;
}

} // namespace bootferry::curl
