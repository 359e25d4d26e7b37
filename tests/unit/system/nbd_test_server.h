// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's side of nbd's transmission phase, as little as a test needs: it answers reads from memory.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "handles.h"
#include "nbd_device.h"

namespace bootferry {

class NbdTestServer {
public:
    // Serves `image`, which must outlive the object; swallows the request after `answers` others, and ends.
    NbdTestServer(UniqueFd socket, const std::string& image, std::uint64_t answers = UINT64_MAX);
    ~NbdTestServer() { stop(); }
    NbdTestServer(const NbdTestServer&) = delete;
    NbdTestServer& operator=(const NbdTestServer&) = delete;

    void stop();       // closes the socket, at once
    void waitForEnd(); // of the server: after its last answer, or because the kernel has disconnected
    [[nodiscard]] bool wasDisconnected() const { return disconnected_; } // by the kernel; after its end

private:
    void serve();
    bool answer();

    UniqueFd socket_;
    const std::string& image_;
    std::uint64_t answers_;
    bool disconnected_ = false;
    std::thread thread_;
};

} // namespace bootferry
