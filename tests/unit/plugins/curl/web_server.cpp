// SPDX-License-Identifier: LGPL-2.1-or-later
#include "web_server.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bootferry::curl {
namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

std::string field(std::string_view name, std::size_t padding) {
    return padding > 0 ? std::string(name) + std::string(padding, 'p') + "\r\n" : std::string();
}

} // namespace

// As it goes: plain at first, then perhaps within TLS, and within that perhaps in TLS once more.
struct WebServer::Connection {
    int socket;
    std::list<SSL*> layers;

    explicit Connection(int fd) : socket(fd) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
            SSL_free(*layer);
        }
        close(socket);
    }

    [[nodiscard]] bool startsTls() const {
        unsigned char first = 0;
        constexpr unsigned char handshake = 22;
        const auto count =
            layers.empty() ? recv(socket, &first, 1, MSG_PEEK) : SSL_peek(layers.back(), &first, 1);
        return count == 1 && first == handshake;
    }
    bool acceptTls(SSL_CTX* context) {
        auto* layer = SSL_new(context);
        if (layers.empty()) {
            SSL_set_fd(layer, socket);
        } else {
            auto* below = BIO_new(BIO_f_ssl());
            BIO_set_ssl(below, layers.back(), BIO_NOCLOSE);
            SSL_set_bio(layer, below, below);
        }
        layers.push_back(layer);
        return SSL_accept(layer) == 1;
    }
    std::string head() const {
        std::string text;
        char next = 0;
        while (!text.ends_with("\r\n\r\n")) {
            const auto count = layers.empty() ? recv(socket, &next, 1, 0) : SSL_read(layers.back(), &next, 1);
            if (count != 1) {
                return {};
            }
            text += next;
        }
        return text;
    }
    void sendText(const std::string& text) const {
        if (text.empty()) {
            return;
        }
        if (layers.empty()) {
            inject(text);
        } else {
            (void)SSL_write(layers.back(), text.data(), static_cast<int>(text.size()));
        }
    }
    void inject(const std::string& text) const { (void)send(socket, text.data(), text.size(), MSG_NOSIGNAL); }
    void waitForTheEnd() const {
        std::array<char, 4096> rest{};
        shutdown(socket, SHUT_WR);
        while (recv(socket, rest.data(), rest.size(), 0) > 0) {
        }
    }
};

WebServer::WebServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    require(bind(listener_, generic, length) == 0, "bind");
    require(listen(listener_, 16) == 0, "listen");
    require(getsockname(listener_, generic, &length) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    makeCertificate();
    acceptor_ = std::thread([this] { accept(); });
}

WebServer::~WebServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    endConnections();
    close(listener_);
    SSL_CTX_free(tls_);
    std::remove(certificate_.c_str());
}

// Ed25519: its keys and signatures have one length, so that a handshake is as long as the one before.
void WebServer::makeCertificate() {
    auto* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    auto* certificate = X509_new();
    constexpr long day = 86400;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), day);
    X509_set_pubkey(certificate, key);
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("server"), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, name);
    for (const auto& [kind, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"},
                                      std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, nullptr);
    char path[] = "/tmp/bootferry-web-server-XXXXXX";
    const int fd = mkstemp(path);
    require(fd >= 0, "mkstemp");
    certificate_ = path;
    auto* file = fdopen(fd, "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    tls_ = SSL_CTX_new(TLS_server_method());
    require(SSL_CTX_use_certificate(tls_, certificate) == 1 && SSL_CTX_use_PrivateKey(tls_, key) == 1,
            "certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

std::string WebServer::url(const std::string& scheme, const std::string& path,
                           const std::string& host) const {
    return scheme + "://" + host + ":" + std::to_string(port_) + path;
}

void WebServer::play(const Script& script) {
    endConnections();
    const std::lock_guard lock(mutex_);
    script_ = script;
}

std::size_t WebServer::connections() {
    const std::lock_guard lock(mutex_);
    return accepted_;
}

void WebServer::endConnections() {
    std::list<std::thread> clients;
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : open_) {
            shutdown(socket, SHUT_RDWR);
        }
        clients.swap(clients_);
    }
    for (auto& client : clients) {
        client.join();
    }
}

void WebServer::accept() {
    for (;;) {
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) {
            return;
        }
        const int noDelay = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &noDelay, sizeof noDelay);
        const std::lock_guard lock(mutex_);
        ++accepted_;
        open_.insert(client);
        clients_.emplace_back([this, client] { serve(client); });
    }
}

void WebServer::serve(int socket) {
    Connection client(socket);
    if (!client.startsTls() || client.acceptTls(tls_)) {
        answer(client);
    }
    const std::lock_guard lock(mutex_);
    open_.erase(socket); // before its number is another one's
}

void WebServer::answer(Connection& client) {
    for (auto head = client.head(); !head.empty(); head = client.head()) {
        if (head.starts_with("CONNECT ")) {
            client.sendText("HTTP/1.1 200 OK\r\n" + field("X-Padding: ", script_.padding) + "\r\n");
            if (client.startsTls() && !client.acceptTls(tls_)) {
                return;
            }
        } else if (head.substr(0, head.find("\r\n")).find("/moved ") != std::string::npos) {
            client.sendText("HTTP/1.1 302 Found\r\nLocation: " + script_.target +
                            "\r\nContent-Length: " + std::to_string(script_.page) + "\r\n" +
                            (script_.closes ? "Connection: close\r\n" : "") +
                            field("X-Padding: ", script_.padding) + "\r\n" + std::string(script_.page, 'm'));
            if (script_.closes) {
                return;
            }
        } else {
            const std::string rest(script_.size - script_.genuine, script_.attacks ? 'X' : 'b');
            client.sendText("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(script_.size) +
                            "\r\nETag: \"1\"\r\n" + script_.headers +
                            field("X-Padding: ", script_.answerPadding) + "\r\n" +
                            std::string(script_.genuine, 'b'));
            if (script_.attacks) {
                client.inject(rest);
                client.waitForTheEnd();
                return;
            }
            client.sendText(rest);
        }
    }
}

} // namespace bootferry::curl
