/* A disk that fails as it is told: preloaded into the server, it stands between that and what it writes below a folder.
 *
 *   FAULTS_BELOW    the folder
 *   FAULTS_CONTROL  a file with the faults, read at every call: `call part error skip count`, one a line
 *                     call   write, sync, truncate, rename, create, read
 *                     part   what the path must hold; with a $ at its end, what it must end in; * for any
 *                     error  EIO, ENOSPC, EDQUOT, EUCLEAN, or for writes SHORT: half of it is written, which is no error
 *                     skip   so many calls go well first; of writes, so many bytes
 *                     count  so many fail then; -1 for all
 *   FAULTS_LOG      gets a line for each sync, and for each fault: `call part-below-the-folder result`
 *   FAULTS_DISK     a folder that gets what a power cut would leave, if it is set: for each file the bytes that were synced,
 *                   for each folder the names. After a sync that failed, bytes that were written before it are lost, though a
 *                   later sync succeed, unless they are written again: so it is with the page cache of Linux.
 *
 * Only what goes through the C library is seen, which is all that SQLite and Rust's standard library do. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct fault {
    char call[16], part[128];
    int error, is_short;
    long skip, count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[16];
static int count_of_faults;
static char control[2048];

/* --- what is asked of the system directly, so that it is not seen again ----------------------------------------------- */

static int raw_open(const char *path, int flags) { return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600); }

static long raw_write(int fd, const void *bytes, size_t length, long at) {
    return at < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
}

/* The path of an open file below the folder, as it is there; NULL for all others. */
static const char *below(const char *path) {
    const char *folder = getenv("FAULTS_BELOW");
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length) || (path[length] && path[length] != '/')) return NULL;
    return path[length] ? path + length + 1 : "";
}

static const char *path_of(int fd, char *buffer, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, size - 1);
    if (length <= 0) return NULL;
    buffer[length] = 0;
    return below(buffer);
}

static void note(const char *call, const char *path, const char *result) {
    const char *file = getenv("FAULTS_LOG");
    char line[4300];
    if (!file) return;
    int length = snprintf(line, sizeof line, "%s %s %s\n", call, *path ? path : ".", result);
    int fd = raw_open(file, O_WRONLY | O_APPEND | O_CREAT);
    raw_write(fd, line, (size_t)length, -1);
    close(fd);
}

/* --- faults -------------------------------------------------------------------------------------------------------------- */

/* Reads the faults, if they are others than before; then they begin anew. */
static void read_control(void) {
    const char *file = getenv("FAULTS_CONTROL");
    char text[sizeof control] = "";
    int fd = file ? raw_open(file, O_RDONLY) : -1;
    if (fd < 0) return;
    long length = syscall(SYS_read, fd, text, sizeof text - 1);
    close(fd);
    if (length < 0 || !strcmp(text, control)) return;
    memcpy(control, text, sizeof control);
    count_of_faults = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line && count_of_faults < 16; line = strtok_r(NULL, "\n", &rest)) {
        struct fault *fault = &faults[count_of_faults];
        char error[16];
        if (sscanf(line, "%15s %127s %15s %ld %ld", fault->call, fault->part, error, &fault->skip, &fault->count) != 5) continue;
        fault->is_short = !strcmp(error, "SHORT");
        fault->error = !strcmp(error, "ENOSPC") ? ENOSPC : !strcmp(error, "EDQUOT") ? EDQUOT : EIO;
        if (!strcmp(error, "EUCLEAN")) fault->error = EUCLEAN;
        count_of_faults++;
    }
}

static int concerns(const struct fault *fault, const char *call, const char *path) {
    size_t part = strlen(fault->part), length = strlen(path);
    if (strcmp(fault->call, call)) return 0;
    if (!strcmp(fault->part, "*")) return 1;
    if (fault->part[part - 1] != '$') return strstr(path, fault->part) != NULL;
    return length >= part - 1 && !strncmp(path + length - (part - 1), fault->part, part - 1);
}

/* How much of what is asked for may be done; -1 with errno for nothing. Whoever asks holds the lock. */
static long permitted(const char *call, const char *path, long wanted) {
    read_control();
    for (int index = 0; index < count_of_faults; index++) {
        struct fault *fault = &faults[index];
        if (!concerns(fault, call, path) || !fault->count) continue;
        if (fault->is_short) return wanted > 1 ? wanted / 2 : wanted;
        if (fault->skip >= wanted) {
            fault->skip -= wanted;
            continue;
        }
        if (fault->skip > 0) {
            long rest = fault->skip;
            fault->skip = 0;
            return rest;
        }
        if (fault->count > 0) fault->count--;
        note(call, path, strerrorname_np(fault->error));
        errno = fault->error;
        return -1;
    }
    return wanted;
}

/* Whether something that is done once may be done. */
static int may(const char *call, const char *path) {
    if (!path) return 1;
    pthread_mutex_lock(&lock);
    long done = permitted(call, path, 1);
    pthread_mutex_unlock(&lock);
    return done > 0;
}

#include "power_cut.h"

/* --- the calls -------------------------------------------------------------------------------------------------------- */

static ssize_t some(int fd, const void *bytes, size_t length, long at) {
    char buffer[4200];
    const char *path = path_of(fd, buffer, sizeof buffer);
    if (!path || !length) return raw_write(fd, bytes, length, at);
    pthread_mutex_lock(&lock);
    long may = permitted("write", path, (long)length);
    long place = at < 0 ? (long)lseek(fd, 0, SEEK_CUR) : at;
    if (may > 0) {
        may = raw_write(fd, bytes, (size_t)may, at);
        soil(fd, place, may);
    }
    pthread_mutex_unlock(&lock);
    return may;
}

ssize_t write(int fd, const void *bytes, size_t length) { return some(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return some(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return some(fd, bytes, length, at); }

/* What SQLite reads; the files of others are read by other calls. */
static ssize_t taken(int fd, void *bytes, size_t length, long at) {
    char buffer[4200];
    return may("read", path_of(fd, buffer, sizeof buffer)) ? syscall(SYS_pread64, fd, bytes, length, at) : -1;
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return taken(fd, bytes, length, at); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) { return taken(fd, bytes, length, at); }

/* Of several pieces only the first is written: that is allowed, and sockets are let through as they are. */
static ssize_t pieces(int fd, const struct iovec *piece, int count, long at) {
    char buffer[4200];
    if (!path_of(fd, buffer, sizeof buffer))
        return at < 0 ? syscall(SYS_writev, fd, piece, count) : syscall(SYS_pwritev, fd, piece, count, at, at >> 32);
    for (int index = 0; index < count; index++)
        if (piece[index].iov_len) return some(fd, piece[index].iov_base, piece[index].iov_len, at);
    return 0;
}

ssize_t writev(int fd, const struct iovec *piece, int count) { return pieces(fd, piece, count, -1); }
ssize_t pwritev(int fd, const struct iovec *piece, int count, off_t at) { return pieces(fd, piece, count, at); }
ssize_t pwritev64(int fd, const struct iovec *piece, int count, off64_t at) { return pieces(fd, piece, count, at); }

static int synced(int fd, long call) {
    char buffer[4200];
    struct stat about;
    const char *path = path_of(fd, buffer, sizeof buffer), *disk = getenv("FAULTS_DISK");
    if (!path) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int result = permitted("sync", path, 1) > 0 ? (int)syscall(call, fd) : -1;
    int error = errno;
    if (!result) note("sync", path, "ok");
    if (disk && !fstat(fd, &about)) {
        char key[64];
        key_of(fd, key, sizeof key);
        if (result) dirty_of(key)->length = 0;
        else if (S_ISDIR(about.st_mode)) keep_names(fd, buffer, disk);
        else keep_file(fd, buffer, disk);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int cut(int fd, long length) {
    char buffer[4200];
    return may("truncate", path_of(fd, buffer, sizeof buffer)) ? (int)syscall(SYS_ftruncate, fd, length) : -1;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

int rename(const char *from, const char *to) {
    return may("rename", below(to)) ? (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to) : -1;
}

int link(const char *from, const char *to) {
    return may("create", below(to)) ? (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0) : -1;
}

int linkat(int of, const char *from, int in, const char *to, int flags) {
    return may("create", below(to)) ? (int)syscall(SYS_linkat, of, from, in, to, flags) : -1;
}

int mkdir(const char *path, mode_t mode) {
    return may("create", below(path)) ? (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode) : -1;
}

static int opened(const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT) && access(path, F_OK) && !may("create", below(path))) return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPENED                                                                                                              \
    va_list rest;                                                                                                           \
    va_start(rest, flags);                                                                                                  \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;                                               \
    va_end(rest);                                                                                                           \
    return opened(path, flags, mode)

int open(const char *path, int flags, ...) { OPENED; }
int open64(const char *path, int flags, ...) { OPENED; }
