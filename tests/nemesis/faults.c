// Preloaded into a server: its clock jumps, and its writes fail or take long, as a shared file says.
// Only writes to files below FAULT_PATH are concerned.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The same layout as in fault-control.ts.
struct control {
  int64_t clock_ahead_ms;
  int32_t sync_errno;
  int32_t sync_percent;
  int32_t write_errno;
  int32_t write_percent;
  int32_t sync_delay_ms;
};

static volatile struct control *control;
static const char *path;

__attribute__((constructor)) static void start(void) {
  const char *file = getenv("FAULT_CONTROL");
  path = getenv("FAULT_PATH");
  if (!file || !path) return;
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
  close(fd);
}

static int concerns(int fd) {
  char link[64], target[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return strncmp(target, path, strlen(path)) == 0;
}

static int fails(int percent, int number, int fd) {
  if (!number || !concerns(fd)) return 0;
  static __thread unsigned state;
  if (!state) state = (unsigned)(uintptr_t)&state ^ (unsigned)getpid();
  if ((int)(rand_r(&state) % 100) >= percent) return 0;
  errno = number;
  return 1;
}

static int sync_fails(int fd) {
  if (!control) return 0;
  int delay = control->sync_delay_ms;
  if (delay && concerns(fd)) usleep((useconds_t)delay * 1000);
  return fails(control->sync_percent, control->sync_errno, fd);
}

static int write_fails(int fd) {
  return control && fails(control->write_percent, control->write_errno, fd);
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
  REAL(fsync);
  return sync_fails(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return sync_fails(fd) ? -1 : real(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  return write_fails(fd) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite);
  return write_fails(fd) ? -1 : real(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  REAL(pwrite64);
  return write_fails(fd) ? -1 : real(fd, bytes, count, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  return write_fails(fd) ? -1 : real(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  REAL(pwritev);
  return write_fails(fd) ? -1 : real(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  REAL(pwritev64);
  return write_fails(fd) ? -1 : real(fd, parts, count, offset);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int result = real(clock, now);
  // What measures durations does not jump on a real machine either.
  if (result || !control || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t ns = now->tv_nsec + (control->clock_ahead_ms % 1000) * 1000000;
  now->tv_sec += control->clock_ahead_ms / 1000 + (ns >= 1000000000) - (ns < 0);
  now->tv_nsec = ns >= 1000000000 ? ns - 1000000000 : ns < 0 ? ns + 1000000000 : ns;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (result) *result = precise.tv_sec;
  return precise.tv_sec;
}
