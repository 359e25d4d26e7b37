// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes from the client of an image that is read while it arrives: each reply is one of NBD, the bytes of
// a read are the image's, no more is read than the image has, and whatever a client must not send is an error
// with a reason. Of the image, each third 4 KiB can be had, each third is lost, and the others never arrive.
#include <array>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "fuzz_input.h"
#include "handles.h"
#include "nbd_server.h"

using namespace bootferry;
using fuzz::require;

namespace {

constexpr std::uint64_t imageSize = 3 * 4096 + 512;

class Image : public ServedImage {
public:
    Image() : bytes_(imageSize, std::byte{'i'}) {}
    [[nodiscard]] std::uint64_t servedSize() const override { return imageSize; }
    [[nodiscard]] Availability request(std::uint64_t number, const Extent& bytes) override {
        const auto now = availability(bytes);
        require(number == ++requests_);
        waiting_ += now == Availability::Coming ? 1 : 0;
        require(waiting_ <= NbdServer::mostWaiting);
        return now;
    }
    [[nodiscard]] Availability availability(const Extent& bytes) override {
        require(bytes.length > 0 && bytes.offset < imageSize && bytes.length <= imageSize - bytes.offset);
        return static_cast<Availability>(bytes.offset / 4096 % 3);
    }
    void answered(std::uint64_t) override { require(false); } // nothing arrives
    [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t offset, std::size_t most) override {
        require(most > 0 && offset < imageSize && most <= imageSize - offset);
        return std::span(bytes_).subspan(offset, std::min<std::size_t>(most, 1000));
    }
    [[nodiscard]] int changeFd() const override { return -1; }
    void acknowledge() override {}

private:
    std::vector<std::byte> bytes_;
    std::uint64_t requests_ = 0;
    std::size_t waiting_ = 0;
};

// Each reply is a header, with the image's bytes behind it if it is that of a read: these are all 'i', as no
// header begins.
void checkReplies(int socket) {
    std::vector<unsigned char> replies;
    std::array<unsigned char, 65536> room{};
    for (ssize_t count = 0; (count = ::recv(socket, room.data(), room.size(), 0)) > 0;) {
        replies.insert(replies.end(), room.begin(), room.begin() + count);
    }
    constexpr std::array<unsigned char, 4> magic{0x67, 0x44, 0x66, 0x98};
    for (std::size_t at = 0; at < replies.size();) {
        if (replies[at] == 'i') {
            ++at;
            continue;
        }
        require(replies.size() - at >= nbd::replySize);
        require(std::equal(magic.begin(), magic.end(), replies.begin() + static_cast<std::ptrdiff_t>(at)));
        at += nbd::replySize;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd client(ends[0]);
    UniqueFd server(ends[1]);
    const auto sent = ::send(client.get(), bytes, std::min<std::size_t>(size, 16384), MSG_NOSIGNAL);
    require(sent >= 0);
    require(::shutdown(client.get(), SHUT_WR) == 0);
    std::thread reader([&client] { checkReplies(client.get()); });
    try {
        Image image;
        NbdServer(server.get(), -1, image).serve();
    } catch (const Error& error) {
        require(*error.what() != '\0');
        require(error.code() == ErrorCode::Protocol || error.code() == ErrorCode::Io);
    }
    server.reset();
    reader.join();
    return 0;
}
