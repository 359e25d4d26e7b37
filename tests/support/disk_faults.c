/* SPDX-License-Identifier: LGPL-2.1-or-later
   Preloaded into a program under test: makes one block device behave as damaged or moved ones do. It stands in for the
   kernel's dm-error and for udev, which not every machine that runs the tests has.

   DISK_FAULT_DEVICE=MAJOR:MINOR   the device
   DISK_FAULT_BAD=FROM-TO[,...]    bytes that cannot be read (EIO)
   DISK_FAULT_WRITES=heal|fail     writing to such bytes makes them good, as a drive with spare sectors does, or fails
   DISK_FAULT_LINK=PATH            a link; before its opening number
   DISK_FAULT_NTH=N                … this one
   DISK_FAULT_OTHER=PATH           … it is made to lead here
   DISK_FAULT_LOG=PATH             each write to a block device ("write MAJOR:MINOR FROM LENGTH") and each flush of one
                                   ("flush MAJOR:MINOR") is appended to this file */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static struct { off_t from, to; } bad[16];
static int bad_count = -1;

static void read_bad(void) {
    const char *text = getenv("DISK_FAULT_BAD");
    bad_count = 0;
    while (text && *text && bad_count < 16) {
        char *end;
        bad[bad_count].from = strtoll(text, &end, 10);
        bad[bad_count].to = strtoll(end + 1, &end, 10);
        ++bad_count;
        text = *end == ',' ? end + 1 : end;
    }
}

static int is_block(int fd, struct stat *status) { return fstat(fd, status) == 0 && S_ISBLK(status->st_mode); }

static int is_ours(int fd) {
    const char *device = getenv("DISK_FAULT_DEVICE");
    struct stat status;
    char number[32];
    if (!device || !is_block(fd, &status))
        return 0;
    snprintf(number, sizeof number, "%u:%u", major(status.st_rdev), minor(status.st_rdev));
    return strcmp(number, device) == 0;
}

static int hits(int fd, off_t at, size_t size) {
    int found = 0;
    if (bad_count < 0)
        read_bad();
    for (int i = 0; i < bad_count; ++i)
        found |= bad[i].from < bad[i].to && at < bad[i].to && at + (off_t)size > bad[i].from;
    return found && is_ours(fd);
}

static int read_fails(int fd, off_t at, size_t size) {
    if (at < 0 || !hits(fd, at, size))
        return 0;
    errno = EIO;
    return 1;
}

static int write_fails(int fd, off_t at, size_t size) {
    const char *what = getenv("DISK_FAULT_WRITES");
    if (at < 0 || !hits(fd, at, size))
        return 0;
    if (what && strcmp(what, "heal") == 0) {
        for (int i = 0; i < bad_count; ++i)
            if (at <= bad[i].from && at + (off_t)size > bad[i].from)
                bad[i].from = at + (off_t)size;
        return 0;
    }
    errno = EIO;
    return 1;
}

static void note(int fd, const char *what, off_t at, size_t size) {
    const char *path = getenv("DISK_FAULT_LOG");
    struct stat status;
    char line[128];
    if (!path || !is_block(fd, &status))
        return;
    int length = size ? snprintf(line, sizeof line, "%s %u:%u %lld %zu\n", what, major(status.st_rdev),
                                 minor(status.st_rdev), (long long)at, size)
                      : snprintf(line, sizeof line, "%s %u:%u\n", what, major(status.st_rdev), minor(status.st_rdev));
    int log = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log >= 0) {
        if (REAL(write)(log, line, (size_t)length) < 0)
            abort();
        close(log);
    }
}

static void look_at_name(const char *path) {
    static int count;
    const char *link = getenv("DISK_FAULT_LINK"), *nth = getenv("DISK_FAULT_NTH"), *other = getenv("DISK_FAULT_OTHER");
    char moved[256];
    if (!link || !nth || !other || strcmp(path, link) != 0 || ++count != atoi(nth))
        return;
    snprintf(moved, sizeof moved, "%s.new", link);
    if (symlink(other, moved) != 0 || rename(moved, link) != 0)
        abort();
}

static mode_t mode_of(int flags, va_list list) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(list, int) : 0;
}

#define OPENS(name)                                                                                                    \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode_t mode = mode_of(flags, list);                                                                            \
        va_end(list);                                                                                                  \
        look_at_name(path);                                                                                            \
        return ((int (*)(const char *, int, ...))real(#name))(path, flags, mode);                                      \
    }
OPENS(open)
OPENS(open64)

ssize_t read(int fd, void *bytes, size_t size) {
    return read_fails(fd, lseek(fd, 0, SEEK_CUR), size) ? -1 : REAL(read)(fd, bytes, size);
}
ssize_t pread(int fd, void *bytes, size_t size, off_t at) {
    return read_fails(fd, at, size) ? -1 : REAL(pread)(fd, bytes, size, at);
}
ssize_t pread64(int fd, void *bytes, size_t size, off_t at) { return pread(fd, bytes, size, at); }
ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room) { return room < size ? -1 : read(fd, bytes, size); }
ssize_t __pread_chk(int fd, void *bytes, size_t size, off_t at, size_t room) {
    return room < size ? -1 : pread(fd, bytes, size, at);
}
ssize_t __pread64_chk(int fd, void *bytes, size_t size, off_t at, size_t room) {
    return room < size ? -1 : pread(fd, bytes, size, at);
}
ssize_t write(int fd, const void *bytes, size_t size) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (write_fails(fd, at, size))
        return -1;
    note(fd, "write", at, size);
    return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (write_fails(fd, at, size))
        return -1;
    note(fd, "write", at, size);
    return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return pwrite(fd, bytes, size, at); }
int fsync(int fd) {
    note(fd, "flush", 0, 0);
    return REAL(fsync)(fd);
}
int fdatasync(int fd) {
    note(fd, "flush", 0, 0);
    return REAL(fdatasync)(fd);
}
