// SPDX-License-Identifier: LGPL-2.1-or-later
// A web server in the test's own process, quick enough for thousands of connections, and with an attacker on
// the path built in. One port speaks plain HTTP and TLS (the first byte tells), is its own HTTP and HTTPS
// proxy, and tunnels to itself. Its certificate and everything it says have the same length every time.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <openssl/evp.h>
#include <openssl/ssl.h>

namespace bootferry::curl {

class WebServer {
public:
    // "/moved" leads to `target`, with a head that is `padding` bytes longer and a page of `page` bytes, and
    // ends the connection where `closes`. Everything else is the image: its head (longer by `answerPadding`
    // and `headers`), then `genuine` bytes 'b'; what is left of `size` is sent as it should be, or, where
    // `attacks`, by the attacker: bytes 'X' straight into the TCP connection.
    struct Script {
        std::string target;
        std::size_t padding = 0;
        std::size_t page = 0;
        bool closes = false;
        std::size_t answerPadding = 0;
        std::string headers;
        std::size_t genuine = 1000;
        std::size_t size = 3000;
        bool attacks = true;
    };

    WebServer();
    WebServer(const WebServer&) = delete;
    WebServer& operator=(const WebServer&) = delete;
    ~WebServer();

    [[nodiscard]] std::string url(const std::string& scheme, const std::string& path,
                                  const std::string& host = "127.0.0.1") const;
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] const std::string& certificate() const { return certificate_; } // a file, to be trusted

    // Between two transfers; ends the connections that the client left open.
    void play(const Script& script);

    [[nodiscard]] std::size_t connections(); // that were accepted so far

private:
    struct Connection;

    void accept();
    void serve(int socket);
    void answer(Connection& client);
    void endConnections();
    void makeCertificate();

    Script script_;
    int listener_ = -1;
    int port_ = 0;
    std::string certificate_;
    SSL_CTX* tls_ = nullptr;
    std::mutex mutex_;
    std::list<std::thread> clients_;
    std::set<int> open_;
    std::size_t accepted_ = 0;
    std::thread acceptor_;
};

} // namespace bootferry::curl
