// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners of libssh's objects. Freeing one never waits: a non-blocking session sends what the socket accepts
// and closes it.
#pragma once

#include <memory>

#include <libssh/libssh.h>

namespace bootferry::sftp {

struct SessionFree {
    void operator()(ssh_session session) const noexcept { ssh_free(session); }
};
struct ChannelFree {
    void operator()(ssh_channel channel) const noexcept { ssh_channel_free(channel); }
};
struct KeyFree {
    void operator()(ssh_key key) const noexcept { ssh_key_free(key); }
};
struct KnownHostFree {
    void operator()(ssh_knownhosts_entry* entry) const noexcept { ssh_knownhosts_entry_free(entry); }
};
struct TextFree {
    void operator()(char* text) const noexcept { ssh_string_free_char(text); }
};
struct HashFree {
    void operator()(unsigned char* hash) const noexcept { ssh_clean_pubkey_hash(&hash); }
};

using SessionHandle = std::unique_ptr<ssh_session_struct, SessionFree>;
using ChannelHandle = std::unique_ptr<ssh_channel_struct, ChannelFree>; // goes before its session
using KeyHandle = std::unique_ptr<ssh_key_struct, KeyFree>;
using KnownHostHandle = std::unique_ptr<ssh_knownhosts_entry, KnownHostFree>;
using TextHandle = std::unique_ptr<char, TextFree>;
using HashHandle = std::unique_ptr<unsigned char, HashFree>;

} // namespace bootferry::sftp
