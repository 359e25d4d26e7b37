// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tls_end.h"

#include <new>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

namespace bootferry::curl {
namespace {

using Missing = std::shared_ptr<bool>;

void forget(void*, void* missing, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Missing*>(missing);
}

int place() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &forget);
    return index;
}

void onEvent(const SSL* tls, int where, int alert) {
    constexpr int description = 0xff;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (alert & description) == SSL_AD_CLOSE_NOTIFY) {
        if (const auto* missing = static_cast<Missing*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), place()))) {
            **missing = false;
        }
    }
}

} // namespace

void TlsEnd::watch(CURL* easy) {
    const char* library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (library != nullptr && std::string_view(library).starts_with("OpenSSL")) {
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &TlsEnd::onContext);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
    }
}

// Of a proxy first, if it speaks TLS, and then of the server.
CURLcode TlsEnd::onContext(CURL*, void* context, void* end) noexcept {
    auto* settings = static_cast<SSL_CTX*>(context);
    try {
        auto missing = std::make_shared<bool>(true);
        auto shared = std::make_unique<Missing>(missing);
        if (SSL_CTX_set_ex_data(settings, place(), shared.get()) != 1) {
            return CURLE_OUT_OF_MEMORY;
        }
        static_cast<void>(shared.release()); // to OpenSSL, see forget()
        SSL_CTX_set_info_callback(settings, &onEvent);
        static_cast<TlsEnd*>(end)->missing_ = std::move(missing);
    } catch (const std::bad_alloc&) {
        return CURLE_OUT_OF_MEMORY;
    }
    return CURLE_OK;
}

} // namespace bootferry::curl
