// SPDX-License-Identifier: LGPL-2.1-or-later
// The two connections to one node, as the node before it in the chain has them: data and control. Every wait
// is bounded by the patience it was made with; whatever breaks is an Error(Unreachable) that names the node.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <poll.h>

#include "handles.h"

namespace bootferry::dolly {

struct Ports {
    std::uint16_t control = 9997;
    std::uint16_t data = 9998;
};

class NodeLink {
public:
    using Patience = std::optional<std::chrono::microseconds>; // absent: for ever

    NodeLink(std::string name, Patience patience) : name_(std::move(name)), patience_(patience) {}

    // Waits for a node that is not up yet; tells `waiting` why, at each of its tries.
    void connect(const Ports& ports, const std::function<void(const std::string& why)>& waiting);

    void sendData(std::span<const std::byte> bytes) { send(data_, asText(bytes)); }
    void endData();
    void sendControl(std::string_view octets) { send(control_, octets); }
    // Until the node has taken what was sent, and a moment longer.
    void leaveGap() const;

    // Exactly so many octets; `when` completes "node1 hung up ".
    [[nodiscard]] std::string receive(std::size_t count, std::string_view when);
    // Whatever is there, without waiting: nothing, or octets. `when` as above.
    [[nodiscard]] std::string receiveSome(std::string_view when);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int controlFd() const { return control_.get(); }

private:
    [[nodiscard]] static std::string_view asText(std::span<const std::byte> bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void send(const UniqueFd& socket, std::string_view octets);
    void await(const UniqueFd& socket, short events) const;
    [[nodiscard]] UniqueFd connectTo(std::uint16_t port,
                                     const std::function<void(const std::string& why)>& waiting) const;
    [[noreturn]] void hungUp(std::string_view when, int errnoValue) const;

    std::string name_;
    Patience patience_;
    UniqueFd data_;
    UniqueFd control_;
    std::uint64_t sent_ = 0;
};

// poll(2), without EINTR. False: patience came to its end.
[[nodiscard]] bool awaitAny(std::span<pollfd> fds, NodeLink::Patience patience);

} // namespace bootferry::dolly
