// SPDX-License-Identifier: LGPL-2.1-or-later
// The sending side's connections to one node (the sender is the server or the node before it): one for
// control, one or more for data. Errors are Failures that name the node.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connections.h"
#include "dollytab.h"
#include "name_resolver.h"

namespace bootferry::dolly {

using plugin::NameResolver;

class NodeLink {
public:
    using Patience = std::optional<std::chrono::microseconds>; // the limit of one wait; absent: no limit

    // A failed attempt to connect: no address, or the errno. The next one follows after a second, unless the
    // callback throws.
    struct FailedTry {
        const plugin::Resolution& resolution;
        std::uint16_t port;
        int error;
        unsigned unanswered; // failed attempts so far, without refused ones: a node that is not up refuses
        Waiter::Clock::time_point began; // of the first attempt
    };
    using OnFailedTry = std::function<void(const FailedTry&)>;

    // called: the node as the subject of a sentence, "'node1'".
    NodeLink(std::string name, std::string called, Patience patience)
        : name_(std::move(name)), called_(std::move(called)), patience_(patience) {}

    // interfaces: the node's names for the data connections; the first one also serves control.
    void connect(const std::vector<std::string>& interfaces, const Ports& ports, NameResolver& resolver,
                 Waiter& waiter, const OnFailedTry& onFailedTry);
    // Sends everything that precedes the node's first line. password: the one the node must have. Returns
    // false, after sending the verdict, if the node has another one.
    [[nodiscard]] bool greet(Generation generation, const std::optional<std::string>& password,
                             std::string_view dollytab, Waiter& waiter);

    void sendData(std::span<const std::byte> bytes, Waiter& waiter);
    void endData();
    void sendControl(std::string_view octets, Waiter& waiter);

    // Receives exactly `count` octets of control; `when` completes "'node1' closed the connection ".
    [[nodiscard]] std::string receive(std::size_t count, std::string_view when, Waiter& waiter);
    // Receives the octets of control that have arrived, without waiting. `when` as above.
    [[nodiscard]] std::string receiveArrived(std::string_view when);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const Descriptor& control() const { return control_; }
    [[nodiscard]] const Descriptor& data(std::size_t index) const { return data_.at(index); }

private:
    [[nodiscard]] Waiter::Clock::time_point patienceEnds() const;
    [[nodiscard]] static Descriptor connectTo(const std::string& name, std::uint16_t port,
                                              NameResolver& resolver, Waiter& waiter,
                                              const OnFailedTry& onFailedTry);
    [[nodiscard]] bool challenge(std::string_view password, Waiter& waiter);
    void sendVerdict(bool accepted, Waiter& waiter);
    std::size_t sendOnce(const Descriptor& socket, std::string_view octets, Waiter& waiter);
    [[noreturn]] void throwClosed(std::string_view when, int errnoValue) const;

    std::string name_;
    std::string called_;
    Patience patience_;
    std::vector<Descriptor> data_;
    Descriptor control_;
    std::uint64_t sent_ = 0; // bytes of data
};

} // namespace bootferry::dolly
