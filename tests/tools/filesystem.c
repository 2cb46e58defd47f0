/*
 * A file system that lacks something. Loaded before the C library (LD_PRELOAD), on Linux.
 *
 * FILESYSTEM_LACKS  mappings: no shared writable mappings, mmap fails with ENODEV (9p, some FUSE and vendor file systems)
 *                   flock: "no locks available"; flock-call: "operation not supported"
 *                   records: no record locks (fcntl)
 *                   sync: fsync fails with "I/O error"
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

static int lacks(const char *what) {
    const char *told = getenv("FILESYSTEM_LACKS");
    return told != NULL && strcmp(told, what) == 0;
}

typedef void *(*mmap_call)(void *, size_t, int, int, int, off_t);

static void *map(const char *name, void *at, size_t length, int prot, int flags, int file, off_t offset) {
    if (file >= 0 && (flags & MAP_SHARED) && (prot & PROT_WRITE) && lacks("mappings")) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return ((mmap_call)dlsym(RTLD_NEXT, name))(at, length, prot, flags, file, offset);
}

void *mmap(void *at, size_t length, int prot, int flags, int file, off_t offset) {
    return map("mmap", at, length, prot, flags, file, offset);
}

void *mmap64(void *at, size_t length, int prot, int flags, int file, off_t offset) {
    return map("mmap64", at, length, prot, flags, file, offset);
}

int flock(int file, int how) {
    if (lacks("flock") || lacks("flock-call")) {
        errno = lacks("flock") ? ENOLCK : EOPNOTSUPP;
        return -1;
    }
    return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(file, how);
}

static int control(const char *name, int file, int command, void *value) {
    if ((command == F_SETLK || command == F_SETLKW) && lacks("records")) {
        errno = EOPNOTSUPP; /* SQLite takes ENOLCK for a lock that somebody else has. */
        return -1;
    }
    return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, name))(file, command, value);
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *value = va_arg(rest, void *);
    va_end(rest);
    return control("fcntl", file, command, value);
}

int fcntl64(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *value = va_arg(rest, void *);
    va_end(rest);
    return control("fcntl64", file, command, value);
}

int fsync(int file) {
    if (lacks("sync")) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    if (lacks("sync")) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}
