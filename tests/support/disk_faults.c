/* SPDX-License-Identifier: LGPL-2.1-or-later
   Preloaded into a program under test: makes one block device behave as damaged or moved ones do. It stands
   in for the kernel's dm-error and for udev, which not every machine that runs the tests has.

   DISK_FAULT_DEVICE=MAJOR:MINOR   the device
   DISK_FAULT_BAD=FROM-TO[,...]    bytes that cannot be read (EIO)
   DISK_FAULT_WRITES=heal|fail     writing to such bytes makes them good, as a drive with spare sectors does,
   or fails DISK_FAULT_LINK=PATH            a link; before its opening number DISK_FAULT_NTH=N … this one
   DISK_FAULT_OTHER=PATH           … it is made to lead here
   DISK_FAULT_HOLD=PATH            the first read of the device makes this file, and waits until it is gone
   DISK_FAULT_LOG=PATH             each write to a block device ("write MAJOR:MINOR FROM LENGTH") and each
   flush of one
                                   ("flush MAJOR:MINOR") is appended to this file
   DISK_FAULT_RECORD=PATH          each write to the device, also through a loop device that lies on it, and
   by programs that are started, is appended to this file with its bytes ("W FROM LENGTH", a line feed, the
   bytes), and each flush ("F", a line feed); nothing is discarded */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void* real(const char* name) {
    return dlsym(RTLD_NEXT, name);
}

static struct { off_t from, to; } bad[16];
static int bad_count = -1;

static void read_bad(void) {
    const char* text = getenv("DISK_FAULT_BAD");
    bad_count = 0;
    while (text && *text && bad_count < 16) {
        char* end;
        bad[bad_count].from = strtoll(text, &end, 10);
        bad[bad_count].to = strtoll(end + 1, &end, 10);
        ++bad_count;
        text = *end == ',' ? end + 1 : end;
    }
}

static int is_block(int fd, struct stat* status) {
    return fstat(fd, status) == 0 && S_ISBLK(status->st_mode);
}

static int is_device(dev_t number) {
    const char* device = getenv("DISK_FAULT_DEVICE");
    char text[32];
    snprintf(text, sizeof text, "%u:%u", major(number), minor(number));
    return device && strcmp(text, device) == 0;
}

static int is_ours(int fd) {
    struct stat status;
    return is_block(fd, &status) && is_device(status.st_rdev);
}

static int hits(int fd, off_t at, size_t size) {
    int found = 0;
    if (bad_count < 0)
        read_bad();
    for (int i = 0; i < bad_count; ++i)
        found |= bad[i].from < bad[i].to && at < bad[i].to && at + (off_t)size > bad[i].from;
    return found && is_ours(fd);
}

static void hold(int fd) {
    static int held;
    const char* path = getenv("DISK_FAULT_HOLD");
    if (!path || held || !is_ours(fd))
        return;
    held = 1;
    close(REAL(open)(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    while (access(path, F_OK) == 0)
        usleep(10000);
}

static int read_fails(int fd, off_t at, size_t size) {
    hold(fd);
    if (at < 0 || !hits(fd, at, size))
        return 0;
    errno = EIO;
    return 1;
}

static int write_fails(int fd, off_t at, size_t size) {
    const char* what = getenv("DISK_FAULT_WRITES");
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

static void append(const char* path, const char* line, size_t length, const void* bytes, size_t size) {
    struct iovec parts[2] = {{(void*)line, length}, {(void*)bytes, size}};
    int log = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log < 0)
        return;
    if (writev(log, parts, 2) != (ssize_t)(length + size))
        abort();
    close(log);
}

/* Where of the device a descriptor's byte 0 is; -1: it is another one. */
static off_t origin(int fd, dev_t number) {
    struct loop_info64 info;
    if (is_device(number))
        return 0;
    if (major(number) == LOOP_MAJOR && REAL(ioctl)(fd, LOOP_GET_STATUS64, &info) == 0 &&
        is_device((dev_t)info.lo_rdevice))
        return (off_t)info.lo_offset;
    return -1;
}

static void note_write(int fd, off_t at, const void* bytes, size_t size) {
    const char *path = getenv("DISK_FAULT_LOG"), *record = getenv("DISK_FAULT_RECORD");
    struct stat status;
    char line[128];
    if ((!path && !record) || !is_block(fd, &status))
        return;
    if (path) {
        int length = snprintf(line, sizeof line, "write %u:%u %lld %zu\n", major(status.st_rdev),
                              minor(status.st_rdev), (long long)at, size);
        append(path, line, (size_t)length, NULL, 0);
    }
    off_t begin = record ? origin(fd, status.st_rdev) : -1;
    if (begin >= 0) {
        int length = snprintf(line, sizeof line, "W %lld %zu\n", (long long)(begin + at), size);
        append(record, line, (size_t)length, bytes, size);
        if (REAL(fcntl)(fd, F_GETFL) & O_DSYNC)
            append(record, "F\n", 2, NULL, 0);
    }
}

static void note_flush(int fd) {
    const char *path = getenv("DISK_FAULT_LOG"), *record = getenv("DISK_FAULT_RECORD");
    struct stat status;
    char line[64];
    if ((!path && !record) || !is_block(fd, &status))
        return;
    if (path)
        append(path, line,
               (size_t)snprintf(line, sizeof line, "flush %u:%u\n", major(status.st_rdev),
                                minor(status.st_rdev)),
               NULL, 0);
    if (record && origin(fd, status.st_rdev) >= 0)
        append(record, "F\n", 2, NULL, 0);
}

static void look_at_name(const char* path) {
    static int count;
    const char *link = getenv("DISK_FAULT_LINK"), *nth = getenv("DISK_FAULT_NTH"),
               *other = getenv("DISK_FAULT_OTHER");
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

#define OPENS(name)                                                                                          \
    int name(const char* path, int flags, ...) {                                                             \
        va_list list;                                                                                        \
        va_start(list, flags);                                                                               \
        mode_t mode = mode_of(flags, list);                                                                  \
        va_end(list);                                                                                        \
        look_at_name(path);                                                                                  \
        return ((int (*)(const char*, int, ...))real(#name))(path, flags, mode);                             \
    }
OPENS(open)
OPENS(open64)

ssize_t read(int fd, void* bytes, size_t size) {
    return read_fails(fd, lseek(fd, 0, SEEK_CUR), size) ? -1 : REAL(read)(fd, bytes, size);
}
ssize_t pread(int fd, void* bytes, size_t size, off_t at) {
    return read_fails(fd, at, size) ? -1 : REAL(pread)(fd, bytes, size, at);
}
ssize_t pread64(int fd, void* bytes, size_t size, off_t at) {
    return pread(fd, bytes, size, at);
}
ssize_t __read_chk(int fd, void* bytes, size_t size, size_t room) {
    return room < size ? -1 : read(fd, bytes, size);
}
ssize_t __pread_chk(int fd, void* bytes, size_t size, off_t at, size_t room) {
    return room < size ? -1 : pread(fd, bytes, size, at);
}
ssize_t __pread64_chk(int fd, void* bytes, size_t size, off_t at, size_t room) {
    return room < size ? -1 : pread(fd, bytes, size, at);
}
ssize_t write(int fd, const void* bytes, size_t size) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (write_fails(fd, at, size))
        return -1;
    note_write(fd, at, bytes, size);
    return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
    if (write_fails(fd, at, size))
        return -1;
    note_write(fd, at, bytes, size);
    return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t at) {
    return pwrite(fd, bytes, size, at);
}
int fsync(int fd) {
    int result = REAL(fsync)(fd);
    note_flush(fd);
    return result;
}
int fdatasync(int fd) {
    int result = REAL(fdatasync)(fd);
    note_flush(fd);
    return result;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void* argument = va_arg(list, void*);
    va_end(list);
    if (getenv("DISK_FAULT_RECORD") && (request == BLKDISCARD || request == BLKZEROOUT)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return REAL(ioctl)(fd, request, argument);
}
int fallocate(int fd, int mode, off_t at, off_t length) {
    struct stat status;
    if (getenv("DISK_FAULT_RECORD") && is_block(fd, &status)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return REAL(fallocate)(fd, mode, at, length);
}
int fallocate64(int fd, int mode, off_t at, off_t length) {
    return fallocate(fd, mode, at, length);
}

int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
    static const char* const kept[] = {"LD_PRELOAD", "DISK_FAULT_DEVICE", "DISK_FAULT_LOG",
                                       "DISK_FAULT_RECORD"};
    static char texts[4][512];
    char* all[32];
    int count = 0;
    for (; environment[count] && count < 16; ++count)
        all[count] = environment[count];
    for (int i = 0; i < 4; ++i)
        if (getenv(kept[i])) {
            snprintf(texts[i], sizeof texts[i], "%s=%s", kept[i], getenv(kept[i]));
            all[count++] = texts[i];
        }
    all[count] = NULL;
    return REAL(posix_spawnp)(pid, file, actions, attributes, arguments, all);
}
