/*
 * fork() for a program in safe Rust. Loaded before the C library (LD_PRELOAD), on Linux.
 *
 * sched_yield(), which std::thread::yield_now() calls, forks instead. The child returns at once. The parent does what
 * FORKS says:
 *
 * wait    returns when the child has ended
 * exit    _exit(0) at once: the child is a daemon
 * go on   returns at once; the child waits until the parent made the file FORKS_GO
 * twice   forks a child that forks a grandchild and ends; the grandchild returns; the parent waits for both
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int sched_yield(void) {
    const char *how = getenv("FORKS");
    int ends[2];
    char byte;
    if (how == NULL || pipe(ends) != 0) return 0;
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        if (strcmp(how, "go on") == 0) {
            while (access(getenv("FORKS_GO"), F_OK) != 0) usleep(1000);
        }
        if (strcmp(how, "twice") == 0 && fork() > 0) _exit(0);
        return 0; /* It keeps the writing end until it ends. */
    }
    if (strcmp(how, "exit") == 0) _exit(0);
    close(ends[1]);
    if (strcmp(how, "go on") == 0) return 0;
    while (read(ends[0], &byte, 1) > 0) {}
    close(ends[0]);
    waitpid(child, NULL, 0);
    return 0;
}
