// SPDX-License-Identifier: LGPL-2.1-or-later
// linux/netlink.h, linux/genetlink.h: a header of 16 bytes, one of 4, then attributes, all aligned to 4. The
// answer, if there is one, comes before the acknowledgement, which ends the request.
#include "generic_netlink.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

namespace bootferry {
namespace {

constexpr std::size_t genericHeader = NLMSG_HDRLEN + GENL_HDRLEN;

template <typename Value>
std::string_view bytesOf(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

template <typename Value>
std::optional<Value> valueOf(std::string_view bytes) {
    Value value{};
    if (bytes.size() < sizeof(value)) {
        return std::nullopt;
    }
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

UniqueFd openSocket() {
    UniqueFd fd(checkErrno(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC),
                           "opening a netlink socket"));
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    // Connected to the kernel, it receives no packet of another sender.
    checkErrno(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)),
               "connecting to netlink");
    return fd;
}

std::string packet(std::uint16_t type, std::uint8_t command, std::uint32_t sequence,
                   const NetlinkAttributes& attributes) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(genericHeader + attributes.bytes().size());
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    header.nlmsg_seq = sequence;
    genlmsghdr generic{};
    generic.cmd = command;
    generic.version = 1;
    return std::string(bytesOf(header)).append(bytesOf(generic)).append(attributes.bytes());
}

// Without a limit in time: the kernel answers each request.
void receive(const UniqueFd& socket, std::string& buffer, const std::string& what) {
    constexpr std::size_t largest = 32768;
    buffer.resize(largest);
    ssize_t length = 0;
    do {
        length = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    } while (length < 0 && errno == EINTR);
    buffer.resize(static_cast<std::size_t>(checkErrno(length, what)));
}

// What one packet of the kernel has for the request with this number.
struct Answer {
    std::string attributes;
    std::optional<int> result; // an errno or 0; nullopt: more packets follow
};

void readMessages(std::string_view packet, std::uint32_t sequence, Answer& answer) {
    while (const auto header = valueOf<nlmsghdr>(packet)) {
        if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > packet.size()) {
            return;
        }
        const auto payload = packet.substr(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
        if (header->nlmsg_seq == sequence && header->nlmsg_type == NLMSG_ERROR) {
            answer.result = -valueOf<int>(payload).value_or(-EBADMSG);
        } else if (header->nlmsg_seq == sequence && payload.size() >= GENL_HDRLEN) {
            answer.attributes = payload.substr(GENL_HDRLEN);
        }
        packet.remove_prefix(std::min<std::size_t>(packet.size(), NLMSG_ALIGN(header->nlmsg_len)));
    }
}

} // namespace

NetlinkAttributes& NetlinkAttributes::addBytes(std::uint16_t type, std::string_view payload) {
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + payload.size());
    header.nla_type = type;
    bytes_.append(bytesOf(header)).append(payload);
    bytes_.resize(NLA_ALIGN(bytes_.size()));
    return *this;
}

NetlinkAttributes& NetlinkAttributes::add(std::uint16_t type, std::uint32_t value) {
    return addBytes(type, bytesOf(value));
}

NetlinkAttributes& NetlinkAttributes::add(std::uint16_t type, std::uint64_t value) {
    return addBytes(type, bytesOf(value));
}

NetlinkAttributes& NetlinkAttributes::add(std::uint16_t type, std::string_view text) {
    return addBytes(type, std::string(text) + '\0');
}

NetlinkAttributes& NetlinkAttributes::add(std::uint16_t type, const NetlinkAttributes& nested) {
    return addBytes(static_cast<std::uint16_t>(type | NLA_F_NESTED), nested.bytes());
}

std::optional<std::string_view> findNetlinkAttribute(std::string_view bytes, std::uint16_t type) {
    while (const auto header = valueOf<nlattr>(bytes)) {
        if (header->nla_len < NLA_HDRLEN || header->nla_len > bytes.size()) {
            return std::nullopt;
        }
        if ((header->nla_type & NLA_TYPE_MASK) == type) {
            return bytes.substr(NLA_HDRLEN, header->nla_len - NLA_HDRLEN);
        }
        bytes.remove_prefix(std::min<std::size_t>(bytes.size(), NLA_ALIGN(header->nla_len)));
    }
    return std::nullopt;
}

GenericNetlink::GenericNetlink(const std::string& family) : socket_(openSocket()) {
    std::string answer;
    try {
        answer =
            requestOf(GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                      NetlinkAttributes().add(CTRL_ATTR_FAMILY_NAME, std::string_view(family)), "looking");
    } catch (const Error& error) {
        if (error.errnoValue() != ENOENT) {
            throw;
        }
    }
    const auto number = valueOf<std::uint16_t>(
        findNetlinkAttribute(answer, CTRL_ATTR_FAMILY_ID).value_or(std::string_view()));
    if (!number) {
        throw Error(ErrorCode::Unsupported, fmt::format("this kernel has no '{}'", family));
    }
    family_ = *number;
}

std::string GenericNetlink::request(std::uint8_t command, const NetlinkAttributes& attributes,
                                    const std::string& what) {
    return requestOf(family_, command, attributes, what);
}

std::string GenericNetlink::requestOf(std::uint16_t type, std::uint8_t command,
                                      const NetlinkAttributes& attributes, const std::string& what) {
    const auto sequence = ++sequence_;
    const auto message = packet(type, command, sequence, attributes);
    checkErrno(::send(socket_.get(), message.data(), message.size(), 0), what);
    Answer answer;
    std::string buffer;
    while (!answer.result) {
        receive(socket_, buffer, what);
        readMessages(buffer, sequence, answer);
    }
    if (*answer.result != 0) {
        throwErrno(*answer.result, what);
    }
    return answer.attributes;
}

} // namespace bootferry
