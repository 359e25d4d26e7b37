// SPDX-License-Identifier: LGPL-2.1-or-later
// Any packets from the process that verifies to the one that receives: it decodes bytes of the network, and
// may be taken over by them. The receiving process ends whatever it is sent, as committed only after that
// message, and the pipe holds the source's bytes in their order, begun anew as often as was asked for.
// Everything is sent before it begins, and nothing after it, so that nothing waits.
#include <array>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_transport.h"
#include "fuzz_input.h"
#include "relay_sender.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr unsigned mostPackets = 30; // the answers have room in the socket

class Nobody : public ProgressListener {
public:
    void progressed(const Progress&) override {}
};

bool sendAll(fuzz::FuzzInput& input, const relay::Ends& ends) {
    bool finishes = false;
    for (unsigned i = 0; i < mostPackets && !input.empty(); ++i) {
        const auto packet = input.piece();
        if (!packet.empty()) {
            (void)sendPacket(ends.socket.get(), fuzz::asBytes(packet), {}, 0);
            finishes = finishes || packet.front() == static_cast<char>(relay::FromVerifier::Finish);
        }
    }
    ::shutdown(ends.socket.get(), SHUT_WR);
    return finishes;
}

// Each delivery is a beginning of the content, of which the next one may follow at any place.
void examinePipe(const relay::Ends& ends, const std::string& content) {
    std::string bytes(std::size_t{1} << 16U, '\0');
    const auto count = ::read(ends.pipe.get(), bytes.data(), bytes.size());
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    std::size_t place = 0;
    for (const char byte : bytes) {
        place = byte == content.front() ? 0 : place;
        require(place < content.size() && byte == content[place]);
        ++place;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    auto relay = relay::makeRelay();
    require(::fcntl(relay.verifier.pipe.get(), F_SETFL, O_NONBLOCK) == 0);
    FakeTransport transport;
    transport.content = "a" + std::string(99, 'b');
    transport.readSize = 50;
    transport.spliceable = input.flag();
    const bool finishes = sendAll(input, relay.verifier);

    Nobody nobody;
    ProgressReporter reporter(nobody);
    ResumeSettings settings;
    settings.retries = false;
    settings.isNetworkUp = [] { return true; };
    ResumingSource source({{.url = Url::parse("http://h/a"), .transport = &transport}}, settings, reporter);
    try {
        RelaySender sender(source, reporter, std::move(relay.receiver), -1);
        sender.run(std::nullopt);
        require(finishes && transport.committed == 1);
    } catch (const Error& error) {
        require(*error.what() != '\0' && transport.committed == 0);
    }
    examinePipe(relay.verifier, transport.content);
    return 0;
}
