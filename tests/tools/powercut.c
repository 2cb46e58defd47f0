/*
 * A disk that loses what was not synced. Loaded before the C library (LD_PRELOAD), on Linux.
 *
 * For the files of one folder it remembers, beside the real file, what a power cut would leave: the content at its last
 * fsync, and the names at the folder's last fsync. At a chosen write or sync it writes that to another folder and kills
 * the process.
 *
 * POWERCUT_FOLDER  the folder, absolute, without links
 * POWERCUT_LEFT    where to write what is left; it exists and is empty
 * POWERCUT_AT      cut before this write or sync, counted from 1; 0: never
 * POWERCUT_SEED    0: everything unsynced is lost. Else a random part of it reached the disk: any pieces of 512 bytes,
 *                  some of them torn, in any order; and perhaps the new names
 * POWERCUT_LOG     a file that gets one letter an event: w, t (truncate), s (sync), d (sync of the folder)
 * POWERCUT_BYTES   a file that gets the bytes of each write, a line each
 * POWERCUT_FAIL    a file. While it begins with w, writes fail with "no space left"; with s, syncs fail with "I/O error". A number behind the
 *                  letter: so many pass first
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One write (or truncation, data == NULL) since the last sync. */
struct pending {
    struct pending *next;
    unsigned char *data;
    size_t length;
    off_t at;
};

/* A file, whatever its name. `held` keeps its inode from being used again. */
struct file {
    dev_t device;
    ino_t inode;
    int held;
    unsigned char *durable;
    size_t length;
    struct pending *first, *last;
};

struct name {
    char name[NAME_MAX + 1];
    int file;
};

#define MOST 4096
static struct file files[MOST];
static int file_count;
static struct name names[MOST];
static int name_count;
static char folder[PATH_MAX], left[PATH_MAX], fail[PATH_MAX];
static long cut_at, events;
static unsigned long long seed;
static int log_file = -1, bytes_file = -1;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void die(const char *what) {
    perror(what);
    abort();
}

static unsigned long long dice(unsigned long long sides) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % sides;
}

static int find_file(const struct stat *found) {
    for (int i = 0; i < file_count; i++)
        if (files[i].device == found->st_dev && files[i].inode == found->st_ino) return i;
    return -1;
}

static void read_whole(struct file *file) {
    struct stat now;
    if (fstat(file->held, &now)) die("powercut: fstat");
    file->durable = realloc(file->durable, now.st_size + 1);
    file->length = 0;
    while (file->length < (size_t)now.st_size) {
        ssize_t got = pread(file->held, file->durable + file->length, now.st_size - file->length, file->length);
        if (got <= 0) die("powercut: pread");
        file->length += got;
    }
    while (file->first) {
        struct pending *done = file->first;
        file->first = done->next;
        free(done->data);
        free(done);
    }
    file->last = NULL;
}

/* A file that is seen for the first time has nothing durable in it. */
static int add_file(const char *path, const struct stat *found) {
    if (file_count == MOST) die("powercut: too many files");
    struct file *file = &files[file_count];
    memset(file, 0, sizeof *file);
    file->device = found->st_dev;
    file->inode = found->st_ino;
    file->held = open(path, O_RDONLY | O_CLOEXEC);
    if (file->held < 0) die("powercut: open");
    file->durable = malloc(1);
    return file_count++;
}

/* The names in the folder now. */
static int list(struct name *into) {
    int count = 0;
    DIR *open_folder = opendir(folder);
    struct dirent *entry;
    if (!open_folder) die("powercut: opendir");
    while ((entry = readdir(open_folder))) {
        char path[PATH_MAX + NAME_MAX + 2];
        struct stat found;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &found) || !S_ISREG(found.st_mode)) continue;
        int file = find_file(&found);
        strcpy(into[count].name, entry->d_name);
        into[count++].file = file >= 0 ? file : add_file(path, &found);
    }
    closedir(open_folder);
    return count;
}

/* -1: not ours; -2: the folder itself; else the file. */
static int ours(int fd) {
    char link[64], path[PATH_MAX];
    struct stat found;
    if (!folder[0] || fstat(fd, &found)) return -1;
    int file = S_ISREG(found.st_mode) ? find_file(&found) : -1;
    if (file >= 0) return file;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return -1;
    path[length] = 0;
    size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix)) return -1;
    if (S_ISDIR(found.st_mode)) return path[prefix] ? -1 : -2;
    if (!S_ISREG(found.st_mode) || path[prefix] != '/') return -1;
    return add_file(link, &found);
}

static void apply(unsigned char **content, size_t *length, const unsigned char *data, size_t count, size_t at) {
    if (at + count > *length) {
        *content = realloc(*content, at + count);
        memset(*content + *length, 0, at + count - *length);
        *length = at + count;
    }
    memcpy(*content + at, data, count);
}

/* Some of the unsynced writes reached the disk, whole, in pieces, or torn. */
static void let_some_through(struct file *file) {
    unsigned long long likely = dice(5);
    for (struct pending *one = file->first; one; one = one->next) {
        if (!one->data) {
            if (dice(4) >= likely) continue;
            if ((size_t)one->at > file->length) {
                file->durable = realloc(file->durable, one->at);
                memset(file->durable + file->length, 0, one->at - file->length);
            }
            file->length = one->at;
            continue;
        }
        for (size_t done = 0; done < one->length;) {
            size_t at = one->at + done, piece = 512 - at % 512;
            if (piece > one->length - done) piece = one->length - done;
            size_t torn = dice(16) ? piece : dice(piece + 1);
            if (dice(4) < likely && torn) apply(&file->durable, &file->length, one->data + done, torn, at);
            done += piece;
        }
    }
}

static void cut(void) {
    if (seed)
        for (int i = 0; i < file_count; i++) let_some_through(&files[i]);
    if (seed && dice(2)) name_count = list(names);
    for (int i = 0; i < name_count; i++) {
        struct file *file = &files[names[i].file];
        int into = open(left, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int out = openat(into, names[i].name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (out < 0) die("powercut: create");
        for (size_t done = 0; done < file->length;) {
            ssize_t wrote = real_write(out, file->durable + done, file->length - done);
            if (wrote <= 0) die("powercut: write");
            done += wrote;
        }
        close(out);
        close(into);
    }
    kill(getpid(), SIGKILL);
    pause();
}

static void event(char letter) {
    if (++events == cut_at) cut();
    if (log_file >= 0) real_write(log_file, &letter, 1);
}

static int fails(char what) {
    static char was[32];
    static long pass;
    char says[32] = "";
    if (!fail[0]) return 0;
    int in = open(fail, O_RDONLY | O_CLOEXEC);
    if (in < 0) return 0;
    if (read(in, says, sizeof says - 1) < 1) says[0] = 0;
    close(in);
    if (strcmp(says, was)) {
        strcpy(was, says);
        pass = says[0] ? atol(says + 1) : 0;
    }
    return says[0] == what && --pass < 0;
}

__attribute__((constructor)) static void start(void) {
    const char *value;
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    if (!(value = getenv("POWERCUT_FOLDER"))) return;
    snprintf(folder, sizeof folder, "%s", value);
    if ((value = getenv("POWERCUT_LEFT"))) snprintf(left, sizeof left, "%s", value);
    if ((value = getenv("POWERCUT_FAIL"))) snprintf(fail, sizeof fail, "%s", value);
    if ((value = getenv("POWERCUT_AT"))) cut_at = atol(value);
    if ((value = getenv("POWERCUT_SEED"))) seed = strtoull(value, NULL, 10);
    if ((value = getenv("POWERCUT_LOG"))) log_file = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if ((value = getenv("POWERCUT_BYTES"))) bytes_file = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* What is there at the start is on the disk. */
    name_count = list(names);
    for (int i = 0; i < file_count; i++) read_whole(&files[i]);
}

static void remember(struct file *file, const void *data, size_t length, off_t at) {
    struct pending *one = calloc(1, sizeof *one);
    one->at = at;
    one->length = length;
    if (data) {
        one->data = malloc(length + 1);
        memcpy(one->data, data, length);
    }
    if (file->last) file->last->next = one;
    else file->first = one;
    file->last = one;
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t at, int moves) {
    pthread_mutex_lock(&guard);
    int file = ours(fd);
    ssize_t wrote = -1;
    if (file >= 0) event('w');
    if (file >= 0 && fails('w')) {
        errno = ENOSPC;
    } else {
        wrote = moves ? real_write(fd, data, length) : real_pwrite(fd, data, length, at);
        /* Where an appending write went is known only afterwards. */
        if (file >= 0 && moves && wrote > 0) at = lseek(fd, 0, SEEK_CUR) - wrote;
        if (file >= 0 && wrote > 0) {
            remember(&files[file], data, wrote, at);
            if (bytes_file >= 0) {
                char line[32];
                real_write(bytes_file, line, snprintf(line, sizeof line, "%zd\n", wrote));
            }
        }
    }
    pthread_mutex_unlock(&guard);
    return wrote;
}

ssize_t write(int fd, const void *data, size_t length) {
    return write_at(fd, data, length, 0, 1);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    return write_at(fd, data, length, at, 0);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    return write_at(fd, data, length, at, 0);
}

int ftruncate(int fd, off_t length) {
    pthread_mutex_lock(&guard);
    int file = ours(fd);
    if (file >= 0) event('t');
    int result = real_ftruncate(fd, length);
    if (file >= 0 && !result) remember(&files[file], NULL, 0, length);
    pthread_mutex_unlock(&guard);
    return result;
}

int ftruncate64(int fd, off64_t length) {
    return ftruncate(fd, length);
}

/* The real sync is left out: the files are needed only as long as the process lives. */
static int sync_file(int fd, int (*real)(int)) {
    pthread_mutex_lock(&guard);
    int file = ours(fd), result = 0;
    if (file == -1) {
        result = real(fd);
    } else {
        event(file == -2 ? 'd' : 's');
        if (fails('s')) {
            errno = EIO;
            result = -1;
        } else if (file == -2) {
            name_count = list(names);
        } else {
            read_whole(&files[file]);
        }
    }
    pthread_mutex_unlock(&guard);
    return result;
}

int fsync(int fd) {
    return sync_file(fd, real_fsync);
}

int fdatasync(int fd) {
    return sync_file(fd, real_fdatasync);
}
