// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin that is a class, as bootferry/plugin.hpp wants it: classy://HOST/SIZE delivers the byte at
// position p as p mod 251. The host's name chooses what open() throws, so that a test sees each reported.
#include <stdexcept>

#include <unistd.h>

#include "bootferry/plugin.hpp"

namespace {

namespace kit = bootferry::kit;

class Classy : public kit::Session {
public:
    using Session::Session;

private: // the wrapper calls the base
    void setOption(const std::string& key, const std::string& value) override {
        if (key != "size") {
            throw unknownOption(key);
        }
        if (bootferry_parse_size(value.c_str(), UINT32_MAX, &size_) < 0) {
            throw kit::Failure(BOOTFERRY_ERROR_INVALID, "the size is a number such as 500K");
        }
    }

    void open(const bootferry_request& request) override {
        throwIfCancelled();
        bootferry_url_parts parts{};
        if (bootferry_split_url(request.url, &parts) < 0) {
            throw kit::Failure(BOOTFERRY_ERROR_INVALID, "not a URL");
        }
        const std::string place(parts.host.start, parts.host.length);
        throwAsAsked(place);
        if (place == "throws-raw-url") {
            throw kit::Failure(BOOTFERRY_ERROR_NOT_FOUND, bootferry_raw_url(&request));
        }
        if (place == "throws-secret") { // as a server that repeats what it was asked
            const auto secret = host().credential("password").value();
            host().status(secret);
            throw kit::Failure(BOOTFERRY_ERROR_AUTH,
                               "no " + secret + " here: user " + host().credential("user").value());
        }
        if (place == "throws-names") {
            throw kit::Failure(BOOTFERRY_ERROR_NOT_FOUND,
                               resolve("::1").at(0) + ", " + resolve("127.0.0.1").at(0));
        }
        if (place == "throws-connect") {
            ::close(connect("127.0.0.1", parts.port));
        }
        if (place == "waiting") {
            (void)wait(-1, 0);
        }
        if (place == "missing") {
            throw kit::Failure(BOOTFERRY_ERROR_NOT_FOUND, "there is no such thing");
        }
        if (parts.path.length > 1 && bootferry_parse_size(parts.path.start + 1, UINT32_MAX, &size_) < 0) {
            throw kit::Failure(BOOTFERRY_ERROR_INVALID, "the path is a size");
        }
        if (request.offset > size_) {
            throw kit::Failure(BOOTFERRY_ERROR_RANGE, "not at this offset");
        }
        validator_ = place == "changed" ? "classy-2" : "classy-1";
        if (request.validator != nullptr && validator_ != request.validator) {
            throw kit::Failure(BOOTFERRY_ERROR_RANGE, "it has changed");
        }
        position_ = request.offset;
    }

    kit::Info info() override {
        kit::Info info;
        info.size = size_;
        info.flags = BOOTFERRY_INFO_RESUMABLE | BOOTFERRY_INFO_SPLICEABLE;
        info.validator = validator_;
        info.modified = 1'000'000'000;
        return info;
    }

    std::size_t read(void* buffer, std::size_t size) override {
        throwIfCancelled();
        auto* bytes = static_cast<unsigned char*>(buffer);
        std::size_t count = 0;
        for (; count < size && position_ < size_; ++count, ++position_) {
            bytes[count] = static_cast<unsigned char>(position_ % 251);
        }
        return count;
    }

public:
    std::size_t splice(int pipe, std::size_t size) {
        unsigned char bytes[4096];
        const auto count = read(bytes, size < sizeof bytes ? size : sizeof bytes);
        if (count > 0 && ::write(pipe, bytes, count) != static_cast<ssize_t>(count)) {
            throw std::system_error(errno, std::generic_category(), "filling the pipe");
        }
        return count;
    }

private:
    static void throwAsAsked(const std::string& place) {
        if (place == "throws-int") {
            throw 7;
        }
        if (place == "throws-no-memory") {
            throw std::bad_alloc();
        }
        if (place == "throws-system-error") {
            throw std::system_error(EHOSTDOWN, std::generic_category(), "asking the peer");
        }
        if (place == "throws-logic-error") {
            throw std::logic_error("the logic\nis %s wrong");
        }
        if (place == "throws-busy") {
            throw kit::Failure(BOOTFERRY_ERROR_AUTH, "go away", EBUSY).retryAfter(3);
        }
    }

    std::string validator_;
    std::uint64_t size_ = 0;
    std::uint64_t position_ = 0;
};

const char* const schemes[] = {"classy", nullptr};
const bootferry_option options[] = {{"size", "the size, such as 500K; default 0"}, {nullptr, nullptr}};

} // namespace

const bootferry_plugin* bootferry_plugin_entry() {
    return kit::table<Classy>({"classy", "1", schemes, options});
}
