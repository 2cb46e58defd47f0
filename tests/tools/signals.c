/*
 * Signals for every thread of a program, 50 times a second. Loaded before the C library (LD_PRELOAD), on Linux.
 *
 * SIGNALS  restart: a handler with SA_RESTART; plain: one without. Of SIGALRM, SIGCHLD, SIGWINCH and SIGPIPE in turn.
 *          timer: setitimer at 50 Hz, as an application sets it. The main thread gets most of its signals.
 *
 * Threads whose name begins with "simulator" are left alone: the other side is a program of its own in the field.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int signals[] = {SIGALRM, SIGCHLD, SIGWINCH, SIGPIPE};

static void handler(int number) {
    (void)number;
}

static int is_simulator(const char *task) {
    char path[64] = "/proc/self/task/", name[16] = "";
    strncat(path, task, 20);
    strcat(path, "/comm");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 1;
    ssize_t length = read(file, name, sizeof name - 1);
    close(file);
    return length <= 0 || strncmp(name, "simulator", 9) == 0;
}

static void strike(pid_t self, int number) {
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    if (tasks == NULL) return;
    while ((task = readdir(tasks)) != NULL) {
        pid_t thread = (pid_t)atoi(task->d_name);
        if (thread > 0 && thread != self && !is_simulator(task->d_name)) syscall(SYS_tgkill, getpid(), thread, number);
    }
    closedir(tasks);
}

static void *strikes(void *unused) {
    pid_t self = (pid_t)syscall(SYS_gettid);
    struct timespec pause = {0, 20 * 1000 * 1000};
    sigset_t all;
    (void)unused;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (unsigned turn = 0;; turn++) {
        nanosleep(&pause, NULL);
        strike(self, signals[turn % 4]);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *how = getenv("SIGNALS");
    struct sigaction action;
    pthread_t thread;
    if (how == NULL) return;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = strcmp(how, "restart") == 0 ? SA_RESTART : 0;
    for (unsigned i = 0; i < 4; i++) sigaction(signals[i], &action, NULL);
    if (strcmp(how, "timer") == 0) {
        struct itimerval often = {{0, 20000}, {0, 20000}};
        setitimer(ITIMER_REAL, &often, NULL);
        return;
    }
    pthread_create(&thread, NULL, strikes, NULL);
}
