/*
 * Preloaded by the logins of a test host whose clock is to be off by OFFSET seconds: what tells the time tells it so, and so do
 * the stamps of files; stamps that are set are set by that clock. The kernel's own stamps ("now") agree with it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#define REAL(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static struct stat *shift(struct stat *s) {
  s->st_atim.tv_sec += OFFSET;
  s->st_mtim.tv_sec += OFFSET;
  s->st_ctim.tv_sec += OFFSET;
  return s;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  int status = (REAL(clock_gettime))(clock, at);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += OFFSET;
  return status;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  int status = (REAL(gettimeofday))(at, zone);
  if (status == 0) at->tv_sec += OFFSET;
  return status;
}

time_t time(time_t *at) {
  time_t now = (REAL(time))(NULL) + OFFSET;
  if (at) *at = now;
  return now;
}

#define STAT(name, parameters, arguments)                                                                              \
  int name parameters {                                                                                                \
    int status = (REAL(name))arguments;                                                                                \
    if (status == 0) shift((struct stat *)s);                                                                          \
    return status;                                                                                                     \
  }
STAT(stat, (const char *path, struct stat *s), (path, s))
STAT(lstat, (const char *path, struct stat *s), (path, s))
STAT(fstat, (int fd, struct stat *s), (fd, s))
STAT(fstatat, (int fd, const char *path, struct stat *s, int flags), (fd, path, s, flags))
STAT(stat64, (const char *path, struct stat64 *s), (path, s))
STAT(lstat64, (const char *path, struct stat64 *s), (path, s))
STAT(fstat64, (int fd, struct stat64 *s), (fd, s))
STAT(fstatat64, (int fd, const char *path, struct stat64 *s, int flags), (fd, path, s, flags))

int statx(int fd, const char *restrict path, int flags, unsigned mask, struct statx *restrict s) {
  int status = (REAL(statx))(fd, path, flags, mask, s);
  if (status != 0) return status;
  s->stx_atime.tv_sec += OFFSET;
  s->stx_btime.tv_sec += OFFSET;
  s->stx_ctime.tv_sec += OFFSET;
  s->stx_mtime.tv_sec += OFFSET;
  return 0;
}

static const struct timespec *back(const struct timespec times[2], struct timespec shifted[2]) {
  if (!times) return NULL;
  for (int i = 0; i < 2; i++) {
    shifted[i] = times[i];
    if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT) shifted[i].tv_sec -= OFFSET;
  }
  return shifted;
}

int utimensat(int fd, const char *path, const struct timespec times[2], int flags) {
  struct timespec shifted[2];
  return (REAL(utimensat))(fd, path, back(times, shifted), flags);
}

/* Perl has no other way to set the time of a link. */
long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_utimensat) return utimensat((int)a[0], (const char *)a[1], (const struct timespec *)a[2], (int)a[3]);
  return (REAL(syscall))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int futimens(int fd, const struct timespec times[2]) {
  struct timespec shifted[2];
  return (REAL(futimens))(fd, back(times, shifted));
}

int utimes(const char *path, const struct timeval times[2]) {
  struct timeval shifted[2];
  if (times)
    for (int i = 0; i < 2; i++) shifted[i] = (struct timeval){times[i].tv_sec - OFFSET, times[i].tv_usec};
  return (REAL(utimes))(path, times ? shifted : NULL);
}

int utime(const char *path, const struct utimbuf *times) {
  struct utimbuf shifted;
  if (times) shifted = (struct utimbuf){times->actime - OFFSET, times->modtime - OFFSET};
  return (REAL(utime))(path, times ? &shifted : NULL);
}
