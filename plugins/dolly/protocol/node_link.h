// SPDX-License-Identifier: LGPL-2.1-or-later
// The connections to one node, from the side that sends to it, which is the server or the node before it: one
// for control, and one for data or several. What breaks is a Failure that names the node.
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
    using Patience = std::optional<std::chrono::microseconds>; // of a single wait; absent: for ever

    // A try to connect that failed: no address, or the errno. Another one follows a second later, unless this
    // throws.
    struct FailedTry {
        const plugin::Resolution& resolution;
        std::uint16_t port;
        int error;
        unsigned unanswered; // tries of this connection so far that were not refused: a node that is not up
                             // refuses
        Waiter::Clock::time_point began; // the first of them
    };
    using OnFailedTry = std::function<void(const FailedTry&)>;

    // called: the node as the subject of a sentence, "'node1'".
    NodeLink(std::string name, std::string called, Patience patience)
        : name_(std::move(name)), called_(std::move(called)), patience_(patience) {}

    // interfaces: the names under which the node is reached for data; the first one serves control as well.
    void connect(const std::vector<std::string>& interfaces, const Ports& ports, NameResolver& resolver,
                 Waiter& waiter, const OnFailedTry& onFailedTry);
    // Sends everything that precedes the node's first line. password: requested from the node. Returns false
    // if the node has another one, after sending it that verdict.
    [[nodiscard]] bool greet(Generation generation, const std::optional<std::string>& password,
                             std::string_view dollytab, Waiter& waiter);

    void sendData(std::span<const std::byte> bytes, Waiter& waiter);
    void endData();
    void sendControl(std::string_view octets, Waiter& waiter);

    // Exactly so many octets of control; `when` completes "'node1' hung up ".
    [[nodiscard]] std::string receive(std::size_t count, std::string_view when, Waiter& waiter);
    // The octets of control that have arrived, or none; does not wait. `when` as above.
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
    [[noreturn]] void throwHungUp(std::string_view when, int errnoValue) const;

    std::string name_;
    std::string called_;
    Patience patience_;
    std::vector<Descriptor> data_;
    Descriptor control_;
    std::uint64_t sent_ = 0; // of data
};

} // namespace bootferry::dolly
