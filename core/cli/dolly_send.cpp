// SPDX-License-Identifier: LGPL-2.1-or-later
// The password comes from a file, because every process may read the arguments of another.
#include "dolly_send.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "argument_values.h"
#include "chain_sender.h"
#include "errors.h"
#include "named_file.h"
#include "plain_text.h"
#include "progress_line.h"
#include "standard_streams.h"
#include "text.h"
#include "transfer_meter.h"

namespace bootferry {
namespace {

using dolly::Chain;

struct DollySend {
    std::string image;
    Chain chain;
    dolly::Ports ports;
    dolly::NodeLink::Patience patience;
};

template <typename Number>
Number parseCount(std::string_view text, Number most) {
    const auto number = parseNumber<Number>(text);
    if (!number || *number == 0 || *number > most) {
        throw Error(ErrorCode::Invalid, fmt::format("expected a number from 1 to {}, not '{}'", most, text));
    }
    return *number;
}

dolly::Generation parseGeneration(std::string_view text) {
    if (text == "classic") {
        return dolly::Generation::Classic;
    }
    if (text == "0.7") {
        return dolly::Generation::Password;
    }
    throw Error(ErrorCode::Invalid, fmt::format("expected classic or 0.7, not '{}'", text));
}

std::string readPassword(const std::string& path) {
    const auto text = readNamedFile(path);
    return text.substr(0, text.find('\n'));
}

void applyOption(DollySend& send, std::string_view name, const std::string& value) {
    constexpr auto mostPorts = std::numeric_limits<std::uint16_t>::max();
    if (name == "generation") {
        send.chain.generation = parseGeneration(value);
    } else if (name == "password-file") {
        send.chain.password = readPassword(value);
    } else if (name == "fanout") {
        send.chain.tab.fanout = parseCount(value, dolly::mostChildren);
    } else if (name == "output") {
        send.chain.tab.outfile = value;
    } else if (name == "control-port") {
        send.ports.control = parseCount(value, mostPorts);
    } else if (name == "data-port") {
        send.ports.data = parseCount(value, mostPorts);
    } else if (name == "timeout") {
        send.patience = parseTimeLimit(value);
    }
}

std::string thisHost() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && *name != 0 ? name : "server";
}

DollySend parseWords(const CommandLine& line) {
    DollySend send;
    applyOptions(line,
                 [&](std::string_view name, const std::string& value) { applyOption(send, name, value); });
    send.image = line.words.front();
    send.chain.tab.hosts.assign(line.words.begin() + 1, line.words.end());
    send.chain.tab.server = thisHost();
    send.chain.tab.infile = send.image.substr(send.image.rfind('/') + 1);
    if (send.chain.tab.outfile.empty()) {
        send.chain.tab.outfile = "/" + send.chain.tab.infile;
    }
    return send;
}

class Console : public dolly::ChainListener {
public:
    Console(std::string image, std::size_t nodes, bool quiet)
        : quiet_(quiet), image_(std::move(image)), nodes_(nodes), meter_({image_}),
          started_(TransferMeter::Time::clock::now()) {}

    void progressed(const Progress& progress) override {
        meter_.progressed(status_, progress, TransferMeter::Time::clock::now());
        if (!quiet_) {
            line_.show(status_);
        }
    }

    void heardFrom(const dolly::NodeLine& node) override {
        if (quiet_) {
            return;
        }
        line_.end();
        if (node.ready) {
            printError("{}: ready, {} of {}\n", node.node, ++ready_, nodes_);
        } else {
            printError("{}: reached\n", node.node);
        }
    }

    void end() { line_.end(); }

    void done(std::uint64_t size) {
        if (quiet_) {
            return;
        }
        end();
        const auto took = std::chrono::ceil<std::chrono::microseconds>(
            std::max(TransferMeter::Time::clock::now() - started_, TransferMeter::Time::duration(1)));
        const auto rate = static_cast<double>(size) / std::chrono::duration<double>(took).count();
        printError("{0}: {1} sent, {2} of {2} nodes have acknowledged it, in {3}, {4}\n", escapedText(image_),
                   formatSize(size), nodes_, formatElapsed(took),
                   formatRate(static_cast<std::uint64_t>(rate)));
    }

private:
    bool quiet_;
    std::string image_;
    std::size_t nodes_;
    TransferMeter meter_;
    TransferMeter::Time started_;
    TransferStatus status_;
    ProgressLine line_;
    std::size_t ready_ = 0;
};

} // namespace

int runDollySend(const CommandLine& line) {
    const auto send = parseWords(line);
    Console console(send.image, send.chain.tab.hosts.size(), line.has("quiet"));
    try {
        dolly::SourceImage image(send.image);
        dolly::ChainSender(send.chain, send.ports, send.patience, console).send(image);
        console.done(image.size());
    } catch (Error& error) {
        console.end();
        error.addContext(fmt::format("sending '{}'", send.image));
        throw;
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
