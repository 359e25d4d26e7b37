// SPDX-License-Identifier: LGPL-2.1-or-later
// The number of connections changes before a read, not after it, so that a failure cannot lose bytes that
// have been read already.
#include "widening_source.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "log.h"
#include "quantities.h"

namespace bootferry {

WideningTransport::WideningTransport(Transport& single, WideningSettings settings)
    : single_(single), settings_(std::move(settings)) {}

std::unique_ptr<ByteSource> WideningTransport::open(const OpenRequest& request) {
    if (request.offset == 0 && maybeWrong_) { // starts over: they were wrong
        givenUp_ = true;
    }
    const auto before = settings_.now();
    auto source = single_.open(request);
    const auto opening = settings_.now() - before;
    return std::make_unique<WideningSource>(*this, request, std::move(source), opening);
}

WideningSource::WideningSource(WideningTransport& transport, OpenRequest request,
                               std::unique_ptr<ByteSource> source, WideningLimits::Duration opening)
    : transport_(transport), request_(std::move(request)), source_(std::move(source)), info_(source_->info()),
      opening_(opening), policy_(transport.settings_.limits, opening), position_(request_.offset) {
    if (!mayWiden()) {
        policy_.fixAt(1);
    }
}

bool WideningSource::mayWiden() const {
    const bool provesParts = !info_.validator.empty() && info_.strongValidator && info_.showsOffset;
    return !transport_.givenUp_ && info_.ranges && info_.resumable && info_.size && provesParts;
}

std::size_t WideningSource::read(std::span<std::byte> into) {
    applyPolicy();
    return measured([&] {
        if (isPastBoundary()) {
            return readRanges(into);
        }
        return source_->read(into.first(std::min<std::uint64_t>(into.size(), boundary_ - position_)));
    });
}

std::size_t WideningSource::splice(int pipe, std::size_t most) {
    applyPolicy();
    return measured(
        [&] { return source_->splice(pipe, std::min<std::uint64_t>(most, boundary_ - position_)); });
}

// Does not measure while the first connection still delivers bytes up to the boundary: these reads tell
// nothing about the new connections.
template <typename Call>
std::size_t WideningSource::measured(Call call) {
    const bool handingOver = ranges_ && !isPastBoundary();
    const auto before = transport_.settings_.now();
    const auto count = call();
    position_ += count;
    if (!handingOver && info_.size) {
        policy_.add(transport_.settings_.now() - before, count, *info_.size - position_);
    }
    return count;
}

void WideningSource::applyPolicy() {
    const auto wanted = policy_.connections();
    if (wanted == connections_) {
        return;
    }
    if (wanted == 1) {
        narrow("more connections are not faster");
    } else if (ranges_) {
        logInfo(fmt::format("{} with {} connections: continuing with {}", formatRate(policy_.rate()),
                            connections_, wanted));
        ranges_->use(wanted);
    } else {
        widen(wanted);
    }
    connections_ = wanted;
}

// The first connection continues up to the boundary, for as long as the others will probably need until their
// first bytes.
void WideningSource::widen(unsigned connections) {
    const auto& settings = transport_.settings_;
    logInfo(fmt::format("{} from a distant server: continuing with {} connections",
                        formatRate(policy_.rate()), connections));
    const auto meanwhile =
        static_cast<double>(policy_.rate()) * std::chrono::duration<double>(opening_).count();
    const auto most = std::min<std::uint64_t>(settings.memory, *info_.size - 1 - position_);
    boundary_ = position_ + std::min(static_cast<std::uint64_t>(meanwhile), most);
    auto rest = request_;
    rest.offset = boundary_;
    rest.validator = info_.validator;
    const auto buffers = settings.limits.connections;
    ranges_ =
        std::make_unique<ParallelRanges>(transport_.single_, std::move(rest), info_,
                                         SegmentBuffers{.count = buffers, .size = settings.memory / buffers});
    ranges_->use(connections);
}

std::size_t WideningSource::readRanges(std::span<std::byte> into) {
    try {
        const auto count = ranges_->read(into);
        source_.reset(); // the new connections work
        return count;
    } catch (const Error& failure) {
        if (failure.code() == ErrorCode::Cancelled) {
            throw;
        }
        const bool broken = isTransient(failure.code()) && failure.code() != ErrorCode::Range;
        if (!source_ && ranges_->lastBytesMayBeWrong()) { // retry: the next attempt compares bytes
            transport_.maybeWrong_ = true;
            // Parts are compared with nothing: a server that sends wrong ones would be asked for them again.
            transport_.givenUp_ = transport_.givenUp_ || failure.code() == ErrorCode::Protocol;
            throw Error(failure.code() == ErrorCode::Protocol ? failure.code() : ErrorCode::Unreachable,
                        failure.what());
        }
        if (broken && !source_) {
            throw; // as with a single connection: the next attempt begins at this byte
        }
        narrow(failure.what());
        return source_->read(into);
    }
}

// Goes back to one connection: the first one if it is still open, else a new one that begins at this byte.
void WideningSource::narrow(const std::string& why) {
    logInfo(fmt::format("continuing with one connection: {}", why));
    transport_.givenUp_ = true;
    policy_.fixAt(1);
    connections_ = 1;
    const bool mustCompare = ranges_ && ranges_->lastBytesMayBeWrong();
    ranges_.reset();
    boundary_ = UINT64_MAX;
    if (!source_ && mustCompare) {
        throw Error(ErrorCode::Unreachable, "the last connection may have sent wrong bytes");
    }
    if (!source_) {
        auto rest = request_;
        rest.offset = position_;
        rest.validator = info_.validator;
        source_ = transport_.single_.open(rest);
        if (source_->info().size != info_.size) {
            throw Error(ErrorCode::Range, "the source changed: its size is different now");
        }
        const auto now = source_->info();
        if (now.validator.empty() ||
            now.location != info_.location) { // retry: the next attempt compares bytes
            throw Error(ErrorCode::Unreachable,
                        "the server does not show that the rest is of the same version");
        }
    }
}

SourceInfo WideningSource::info() {
    auto info = source_ ? source_->info() : info_;
    info.spliceable = source_ && info.spliceable && !isPastBoundary();
    return info;
}

void WideningSource::finish() {
    if (source_) {
        source_->finish();
    }
}

} // namespace bootferry
