/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Version 1 of the plugin interface, frozen: where each field lies on a machine with 64-bit pointers. A
 * plugin built today is laid out like this for ever. Lines may be added here when fields are appended; a line
 * that has to change is a broken promise. It compiles or it does not: there is nothing to run.
 */
#include "bootferry/plugin.h"

#ifdef __cplusplus
#define CHECK(name, condition) static_assert(condition, #name)
#else
#define CHECK(name, condition) typedef char check_##name[(condition) ? 1 : -1]
#endif
#define FIELD(structure, field, offset)                                                                      \
    CHECK(structure##_##field, offsetof(struct bootferry_##structure, field) == (offset))
#define CODE(name, value) CHECK(code_##name, BOOTFERRY_##name == (value))

#if UINTPTR_MAX == UINT64_MAX
FIELD(host, struct_size, 0);
FIELD(host, abi_version, 4);
FIELD(host, context, 8);
FIELD(host, log, 16);
FIELD(host, fail, 24);
FIELD(host, status, 32);
FIELD(host, credential, 40);
FIELD(host, retry_after, 48);
FIELD(host, option_file, 56); /* appended */
FIELD(host, resolve, 64);     /* appended */
CHECK(sizeof_host, sizeof(struct bootferry_host) == 72);

FIELD(resolution, struct_size, 0);
FIELD(resolution, count, 4);
FIELD(resolution, addresses, 8);
FIELD(resolution, message, 16);
CHECK(sizeof_resolution, sizeof(struct bootferry_resolution) == 24);

FIELD(request, struct_size, 0);
FIELD(request, flags, 4);
FIELD(request, url, 8);
FIELD(request, offset, 16);
FIELD(request, length, 24);
FIELD(request, validator, 32);
FIELD(request, cancel_fd, 40);
FIELD(request, raw_url, 48); /* appended */
CHECK(sizeof_request, sizeof(struct bootferry_request) == 56);

FIELD(info, struct_size, 0);
FIELD(info, flags, 4);
FIELD(info, size, 8);
FIELD(info, validator, 16);
FIELD(info, location, 24); /* appended */
FIELD(info, modified, 32); /* appended */
CHECK(sizeof_info, sizeof(struct bootferry_info) == 40);

FIELD(option, key, 0);
FIELD(option, help, 8);
CHECK(sizeof_option, sizeof(struct bootferry_option) == 16);

FIELD(plugin, struct_size, 0);
FIELD(plugin, abi_version, 4);
FIELD(plugin, name, 8);
FIELD(plugin, version, 16);
FIELD(plugin, schemes, 24);
FIELD(plugin, options, 32);
FIELD(plugin, session_new, 40);
FIELD(plugin, set_option, 48);
FIELD(plugin, open, 56);
FIELD(plugin, info, 64);
FIELD(plugin, read, 72);
FIELD(plugin, finish, 80);
FIELD(plugin, session_free, 88);
FIELD(plugin, splice, 96);
FIELD(plugin, needs, 104);
CHECK(sizeof_plugin, sizeof(struct bootferry_plugin) == 112);
#endif

CODE(ABI_VERSION, 1u);
CODE(ERROR_CANCELLED, 1);
CODE(ERROR_INVALID, 2);
CODE(ERROR_NOT_FOUND, 3);
CODE(ERROR_AUTH, 4);
CODE(ERROR_TLS, 5);
CODE(ERROR_UNREACHABLE, 6);
CODE(ERROR_TIMEOUT, 7);
CODE(ERROR_PROTOCOL, 8);
CODE(ERROR_RANGE, 9);
CODE(ERROR_IO, 10);
CODE(ERROR_INTERNAL, 11);
CODE(LOG_ERROR, 3);
CODE(LOG_WARNING, 4);
CODE(LOG_INFO, 6);
CODE(LOG_DEBUG, 7);
CODE(INFO_RESUMABLE, 1u);
CODE(INFO_SPLICEABLE, 2u);
CODE(INFO_RANGES, 4u);
CODE(NEEDS_UNIX_SOCKETS, 1u);
CODE(NEEDS_LISTENING, 2u);
CODE(OUTCOME_COMMITTED, 0);
CODE(OUTCOME_DISCARDED, 1);
CHECK(size_unknown, BOOTFERRY_SIZE_UNKNOWN == UINT64_MAX);
CHECK(enums_are_ints, sizeof(enum bootferry_error) == sizeof(int));
