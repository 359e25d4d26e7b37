// SPDX-License-Identifier: LGPL-2.1-or-later
// nfs://SERVER[:PORT]/PATH through libnfs: an example of a plugin around a library that has an event loop of
// its own. Such a library says which descriptor it waits for and for which events (nfs_get_fd,
// nfs_which_events), and gets what happened (nfs_service); serve() puts its wait beside the host's
// cancel_fd, and everything else follows. A request is a callback; await() turns one back into a call.
//
// It uses the public headers only, and is installed as a source to start from, like example.c. Read it from
// the bottom up: the table, then open() and read().
//
// What one has to know about libnfs (4.0, 5.0):
//  - It resolves names with getaddrinfo(3), which blocks: it is given addresses only.
//  - It reconnects and repeats by itself, for ever. The host retries, so that is off.
//  - Its callbacks also run within nfs_destroy_context(): what they write to must live longer.
//  - The error text is nfs_get_error(), and from 5.0 on, of a failure of the connection or of RPC, only
//    rpc_get_error(). `data` of a failed callback is not always a text, as its header says.
//  - Its client name for version 4 consists of a process number and the time. Two machines that boot at the
//    same moment would have the same one, and the server would take one for the other, restarted.
//  - A read of version 3 passes on the count that the server states, even if fewer bytes have come, and
//    nothing public shows that. A broken server gets bytes of this process into the image, unless there is a
//    checksum.
//  - It follows symbolic links of version 4 without end, which the host's time limit ends.
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <nfsc/libnfs.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <nfsc/libnfs-raw.h> // needs what libnfs.h defines

#include "bootferry/plugin.hpp"
#include "nfs_failures.h"
#include "nfs_read_ahead.h"
#include "nfs_settings.h"

namespace {

using bootferry::kit::Failure;
using bootferry::kit::Info;
using nfs::errnoIn;
using nfs::Place;
using nfs::ReadAhead;
using nfs::Settings;
using nfs::statusIn;
using nfs::Step;

// Version 4's change attribute is out of libnfs's reach. The time of the last change of the inode stands for
// it: also who writes in place and restores the modification time changes that.
std::string validatorOf(const nfs_stat_64& file) {
    std::string text = "nfs";
    for (const auto number : {file.nfs_ino, file.nfs_size, file.nfs_mtime, file.nfs_mtime_nsec,
                              file.nfs_ctime, file.nfs_ctime_nsec}) {
        text += ':' + std::to_string(number);
    }
    return text;
}

struct DestroyContext {
    void operator()(nfs_context* context) const noexcept { nfs_destroy_context(context); }
};

class Nfs : public bootferry::kit::Session {
public:
    using Session::Session;
    ~Nfs() override { disconnect(); }
    void setOption(const std::string& key, const std::string& value) override { options_.set(key, value); }
    void open(const bootferry_request& request) override;
    Info info() override;
    std::size_t read(void* buffer, std::size_t size) override;
    void finish(bootferry_outcome outcome) override;

private:
    // The answer to the one request that await() waits for.
    struct Answer {
        bool arrived = false;
        int status = 0; // negative: an errno, more or less; see nfs_failures.h
        void* data = nullptr;
        nfs_stat_64 attributes{};
    };

    // What libnfs calls; nothing here may throw.
    static void arrived(int status, nfs_context*, void* data, void* answer) noexcept;
    static void attributesArrived(int status, nfs_context*, void* data, void* answer) noexcept;

    void connect();
    void mount(const std::string& address, std::int64_t deadline);
    void openFile();
    void askAttributes(Step step); // into answer_
    void disconnect() noexcept;
    Answer* prepare();
    void await(const std::string& what, int queued, Step step, std::int64_t deadline = BOOTFERRY_NO_DEADLINE);
    void serve(std::int64_t deadline, Step step);
    [[nodiscard]] std::string errorText() const;
    [[nodiscard]] Failure failure(int status, Step step) const;
    void requireQueued(bool queued) const;
    void expectUnchanged();

    Settings options_;
    Settings settings_; // options_ and the URL's query
    std::unique_ptr<Place> place_;
    std::uint64_t size_ = 0;
    std::int64_t modified_ = 0;
    std::string validator_;

    ReadAhead ahead_;
    bool unchanged_ = false;      // seen when all bytes had arrived
    std::optional<Failure> lost_; // why there will be no more of them
    Answer answer_;

    nfsfh* file_ = nullptr;
    std::unique_ptr<nfs_context, DestroyContext> context_; // the last: its end calls callbacks
};

std::string Nfs::errorText() const {
    std::string text;
    for (const char* part :
         {rpc_get_error(nfs_get_rpc_context(context_.get())), nfs_get_error(context_.get())}) {
        if (part != nullptr && text != part) {
            text += (text.empty() || *part == '\0' ? "" : ": ") + std::string(part);
        }
    }
    return text;
}

Failure Nfs::failure(int status, Step step) const {
    return nfs::failureOf(status, errorText(), step, *place_, settings_);
}

// One round of libnfs's event loop: waits until it has something to do, or the deadline has passed.
void Nfs::serve(std::int64_t deadline, Step step) {
    const int descriptor = nfs_get_fd(context_.get()); // another one whenever it connects anew
    const int happened =
        descriptor >= 0 ? wait(descriptor, static_cast<short>(nfs_which_events(context_.get())), deadline)
                        : 0;
    // With both, libnfs forgets the errno of the error for the hang-up.
    const int events = (happened & POLLERR) != 0 ? happened & ~POLLHUP : happened;
    if (descriptor >= 0 && (events & POLLNVAL) == 0 &&
        (events == 0 || nfs_service(context_.get(), events) >= 0)) {
        return;
    }
    const auto text = errorText();
    if (!statusIn(text).empty()) {
        throw failure(-EFAULT, step);
    }
    if (nfs::isGarbage(text)) {
        throw nfs::notNfs(place_->server);
    }
    const auto server = "'" + place_->server + "'";
    if (const auto number = errnoIn(text); number != 0) {
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                      (step == Step::Mounting ? "connecting to " : "the connection to ") + server, number);
    }
    throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "the server " + server + " closed the connection");
}

void Nfs::arrived(int status, nfs_context*, void* data, void* answer) noexcept {
    auto& self = *static_cast<Answer*>(answer);
    self.status = status;
    self.data = data;
    self.arrived = true;
}

void Nfs::attributesArrived(int status, nfs_context* context, void* data, void* answer) noexcept {
    if (status >= 0) { // `data` is valid within the callback only
        static_cast<Answer*>(answer)->attributes = *static_cast<const nfs_stat_64*>(data);
    }
    arrived(status, context, data, answer);
}

Nfs::Answer* Nfs::prepare() {
    answer_ = {};
    return &answer_;
}

// queued: what libnfs returned for the request whose callback fills answer_.
void Nfs::await(const std::string& what, int queued, Step step, std::int64_t deadline) {
    if (queued < 0) {
        const auto text = errorText();
        const auto number = errnoIn(text);
        throw Failure(number != 0 && number != ENOMEM ? BOOTFERRY_ERROR_UNREACHABLE : BOOTFERRY_ERROR_IO,
                      number != 0 ? what : what + ": " + text, number);
    }
    while (!answer_.arrived) {
        serve(deadline, step);
        if (!answer_.arrived && bootferry_now() >= deadline) {
            throw Failure(BOOTFERRY_ERROR_TIMEOUT, what + ": the server does not answer");
        }
    }
    if (answer_.status < 0) {
        throw failure(answer_.status, step);
    }
}

void Nfs::disconnect() noexcept {
    if (context_ == nullptr) {
        return;
    }
    if (file_ != nullptr) { // frees it; nobody waits for the answer
        (void)nfs_close_async(
            context_.get(), std::exchange(file_, nullptr), [](int, nfs_context*, void*, void*) {}, nullptr);
    }
    // Ends what libnfs began while connecting, which nfs_destroy_context() forgets.
    (void)nfs_service(context_.get(), POLLHUP);
    context_.reset();
}

void Nfs::mount(const std::string& address, std::int64_t deadline) {
    disconnect();
    context_.reset(nfs_init_context());
    if (context_ == nullptr) {
        throw Failure(BOOTFERRY_ERROR_IO, "starting libnfs", ENOMEM);
    }
    // The only way to set the ports.
    auto url = "nfs://server/?auto-traverse-mounts=0&version=" + std::to_string(settings_.version);
    if (place_->port != 0) {
        url += "&nfsport=" + std::to_string(place_->port);
    }
    if (settings_.mountPort != 0) {
        url += "&mountport=" + std::to_string(settings_.mountPort);
    }
    nfs_destroy_url(nfs_parse_url_incomplete(context_.get(), url.c_str()));
    nfs_set_autoreconnect(context_.get(), 0);
    nfs_set_uid(context_.get(), static_cast<int>(settings_.uid));
    nfs_set_gid(context_.get(), static_cast<int>(settings_.gid));
    if (settings_.version == 4) {
        std::array<unsigned char, 16> random{};
        if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
            throw Failure(BOOTFERRY_ERROR_IO, "reading random numbers", errno);
        }
        std::string name = "bootferry ";
        for (const auto byte : random) {
            constexpr auto digits = "0123456789abcdef";
            name += digits[byte >> 4U];
            name += digits[byte & 0xfU];
        }
        nfs4_set_client_name(context_.get(), name.c_str());
        nfs4_set_verifier(context_.get(), reinterpret_cast<const char*>(random.data()));
    }
    await("connecting to " + address,
          nfs_mount_async(context_.get(), address.c_str(), place_->exportPath.c_str(), &arrived, prepare()),
          Step::Mounting, deadline);
}

void Nfs::openFile() {
    await("opening", nfs_open_async(context_.get(), place_->file.c_str(), O_RDONLY, &arrived, prepare()),
          Step::Opening);
    file_ = static_cast<nfsfh*>(answer_.data);
    askAttributes(Step::Opening);
    if (!S_ISREG(answer_.attributes.nfs_mode)) {
        throw Failure(BOOTFERRY_ERROR_NOT_FOUND, "'" + place_->path + "' is not a file");
    }
    size_ = answer_.attributes.nfs_size;
    modified_ = static_cast<std::int64_t>(answer_.attributes.nfs_mtime);
    validator_ = validatorOf(answer_.attributes);
}

void Nfs::askAttributes(Step step) {
    await("asking for attributes", nfs_fstat64_async(context_.get(), file_, &attributesArrived, prepare()),
          step);
}

void Nfs::open(const bootferry_request& request) {
    throwIfCancelled();
    bootferry_url_parts url{};
    if (bootferry_split_url(request.url, &url) < 0) {
        throw Failure(BOOTFERRY_ERROR_INVALID, "the URL must be nfs://SERVER/EXPORT/FILE");
    }
    settings_ = nfs::withQuery(nfs::forServer(options_, request.flags), url.query);
    place_ = std::make_unique<Place>(url, settings_);
    connect();
    openFile();
    if (request.validator != nullptr && validator_ != request.validator) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "'" + place_->path + "' has changed on the server");
    }
    if (request.offset > size_) {
        throw Failure(BOOTFERRY_ERROR_RANGE,
                      "the offset " + std::to_string(request.offset) + " lies behind the end of the file");
    }
    if (const auto allowed = nfs_get_readmax(context_.get()); allowed > 0) { // version 3
        settings_.readSize = std::min(settings_.readSize, allowed);
    }
    ahead_.begin(request.offset, request.offset + std::min(size_ - request.offset, request.length),
                 settings_.readSize, settings_.reads);
}

// One address after the other: all but the last have ten seconds.
void Nfs::connect() {
    constexpr std::int64_t patience = 10'000;
    const auto addresses = resolve(place_->server);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const bool last = i + 1 == addresses.size();
        try {
            return mount(addresses[i], last ? BOOTFERRY_NO_DEADLINE : bootferry_deadline(patience));
        } catch (const Failure& failure) {
            if (last || (failure.code() != BOOTFERRY_ERROR_UNREACHABLE &&
                         failure.code() != BOOTFERRY_ERROR_TIMEOUT)) {
                throw;
            }
            host().log(BOOTFERRY_LOG_INFO, addresses[i] + ": " + failure.what());
        }
    }
}

Info Nfs::info() {
    Info info;
    info.size = size_;
    info.flags = BOOTFERRY_INFO_RESUMABLE;
    info.validator = validator_;
    info.modified = modified_;
    return info;
}

void Nfs::requireQueued(bool queued) const {
    if (!queued) {
        throw Failure(BOOTFERRY_ERROR_IO, "requesting bytes: " + errorText(), ENOMEM);
    }
}

// The last bytes are delivered only if the file is still the one that was opened: an answer to a read does
// not show of which version the bytes are. If the connection breaks before, the next session compares.
void Nfs::expectUnchanged() {
    if (unchanged_) {
        return;
    }
    askAttributes(Step::Reading);
    if (validatorOf(answer_.attributes) != validator_) {
        throw Failure(BOOTFERRY_ERROR_RANGE, "'" + place_->path + "' was changed while it was read");
    }
    unchanged_ = true;
}

std::size_t Nfs::read(void* buffer, std::size_t size) {
    throwIfCancelled();
    if (ahead_.isAtEnd()) {
        return 0;
    }
    if (!lost_) {
        try {
            requireQueued(ahead_.requestParts(context_.get(), file_));
            serve(0, Step::Reading); // sends what was requested, and takes what is there
        } catch (const Failure& failure) {
            lost_ = failure;
        }
    }
    if (lost_ && ahead_.isEmpty()) { // all that had arrived is delivered
        throw Failure(*lost_);
    }
    const auto& current = ahead_.current();
    while (ahead_.ready() == 0) {
        if (lost_) { // after what had arrived before
            throw Failure(*lost_);
        }
        if (current.status < 0) {
            throw failure(current.status, Step::Reading);
        }
        if (current.status == 0) {
            expectUnchanged();
            throw Failure(BOOTFERRY_ERROR_PROTOCOL, "the server ends '" + place_->path + "' after " +
                                                        std::to_string(ahead_.position()) + " of " +
                                                        std::to_string(size_) + " bytes");
        }
        if (!current.waiting) { // the server sent less than was requested
            requireQueued(ahead_.requestRest(context_.get(), file_));
        }
        serve(BOOTFERRY_NO_DEADLINE, Step::Reading);
    }
    const auto count = std::min(size, ahead_.ready());
    if (ahead_.endsWith(count)) {
        expectUnchanged();
    }
    ahead_.take(buffer, count);
    return count;
}

// Version 4 knows what is open: the server need not wait until the lease has expired.
void Nfs::finish(bootferry_outcome) {
    constexpr std::int64_t patience = 2000;
    if (settings_.version == 4 && file_ != nullptr) {
        try {
            await("closing",
                  nfs_close_async(context_.get(), std::exchange(file_, nullptr), &arrived, prepare()),
                  Step::Reading, bootferry_deadline(patience));
        } catch (const Failure&) { // the bytes are safe all the same
        }
    }
}

const char* const schemes[] = {"nfs", nullptr};

} // namespace

const bootferry_plugin* bootferry_plugin_entry() {
    return bootferry::kit::table<Nfs>({"nfs", "1", schemes, nfs::options});
}
