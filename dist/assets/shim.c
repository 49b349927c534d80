/*
 * What make executes in place of a shell and, under the name bin/make, in place of make. It asks the broker of the
 * run what to do and does it. RUN is the run directory, -DRUN='"/tmp/distmake-x"' or, in a program that is kept for many
 * runs, a mark in whose place each run writes its own:
 *
 *   RUN/sock         the broker
 *   RUN/sh/PATH      link to this program, in place of the shell /PATH
 *   RUN/rel/NAME     the same for a shell named without a directory
 *   RUN/parse/sh     the shell of the $(shell) calls in last.mk
 *   RUN/bin/NAME     the wrapper of make
 *   RUN/expanded/PID there once the make PID has run a $(shell)
 *   RUN/interval     how often it is asked whether the broker is there, in ms (watch.h)
 *   RUN/bmake/sh     the shell of a bmake, called sh by it; without arguments for a recipe, which is on descriptor 0
 *
 * A message is its length without these five bytes (4 bytes, little endian), a letter, and fields that end in NUL.
 * From here to the broker:
 *   S pid ppid umask directory argc argv... environment...     a shell call
 *   M pid directory argc argv... environment...                a call of make
 *   P ppid directory command environment...                    a parse
 *   D x STATUS | D s SIGNAL                                    how the local run ended
 *   A                                                           are you there?
 * and back:
 *   1 data / 2 data (bytes, not fields)     print on that descriptor
 *   R argc argv... changes...               run locally, then say D
 *   X status / K signal                     exit so / die of that signal
 *   E file argc argv... changes...          execute
 *   F status message                        print the message on descriptor 2 and exit
 *   T text (bytes)                          print on descriptor 1 and exit 0
 *   A                                       the answer to A
 * A change is NAME=value, or NAME to unset it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

extern char **environ;

/* Not static: it is not to be taken for a constant. A path of 108 bytes is the longest that a socket can have. */
char run_directory[128] = RUN;

static int broker = -1;

static void complain(const char *what, const char *why)
{
  fprintf(stderr, why ? "distmake: %s: %s\n" : "distmake: %s\n", what, why);
}

/* Whoever has started this process: make. */
static pid_t starter;

static void broker_gone(void)
{
  /* When make is gone as well there is nobody to tell. */
  if (getppid() != starter)
    _exit(2);
  fprintf(stderr, "distmake: the run that this command belongs to has ended (%s)\n", run_directory);
  _exit(2);
}

static void *reserve(void *memory, size_t size)
{
  memory = realloc(memory, size ? size : 1);
  if (!memory) {
    complain("out of memory", NULL);
    _exit(2);
  }
  return memory;
}

/* A file below /proc of a process, whole and ended by a NUL, or NULL. */
static char *about_process(pid_t pid, const char *name)
{
  size_t length = 0, room = 4096;
  char path[64], *text;
  ssize_t n;
  int file;
  snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
  file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return NULL;
  text = reserve(NULL, room + 2);
  while ((n = read(file, text + length, room - length)) > 0) {
    length += (size_t)n;
    if (length == room)
      text = reserve(text, (room *= 2) + 2);
  }
  close(file);
  text[length] = text[length + 1] = '\0';
  return text;
}

#include "watch.h"

/* A message to send */

struct message {
  char *data;
  size_t length, room;
};

static void add_bytes(struct message *m, const char *data, size_t length)
{
  if (m->length + length > m->room) {
    m->room = (m->length + length) * 2;
    m->data = reserve(m->data, m->room);
  }
  memcpy(m->data + m->length, data, length);
  m->length += length;
}

static void add_text(struct message *m, const char *text)
{
  add_bytes(m, text, strlen(text) + 1);
}

static void add_number(struct message *m, long number)
{
  char text[32];
  snprintf(text, sizeof text, "%ld", number);
  add_text(m, text);
}

static void add_all(struct message *m, char **list)
{
  for (; *list; list++)
    add_text(m, *list);
}

static void add_directory(struct message *m)
{
  size_t room = PATH_MAX;
  char *path = reserve(NULL, room);
  while (!getcwd(path, room)) {
    if (errno != ERANGE) {
      path[0] = '\0';
      break;
    }
    room *= 2;
    path = reserve(path, room);
  }
  add_text(m, path);
  free(path);
}

static void begin(struct message *m, char type)
{
  char head[5] = {0, 0, 0, 0, type};
  memset(m, 0, sizeof *m);
  add_bytes(m, head, 5);
}

static void send_message(struct message *m)
{
  uint32_t length = (uint32_t)(m->length - 5);
  size_t sent = 0;
  int i;
  for (i = 0; i < 4; i++)
    m->data[i] = (char)(length >> (8 * i));
  while (sent < m->length) {
    ssize_t n = send(broker, m->data + sent, m->length - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += (size_t)n;
      silent = 0;
    } else if (n < 0 && errno == EAGAIN) {
      note_silence();
    } else if (n < 0 && errno != EINTR) {
      broker_gone();
    }
  }
  free(m->data);
}

/* A message received */

struct reply {
  char type;
  char *data, *next, *end;
};

static void receive(char *data, size_t length)
{
  while (length > 0) {
    ssize_t n;
    await_broker();
    n = recv(broker, data, length, MSG_DONTWAIT);
    if (n > 0) {
      data += n;
      length -= (size_t)n;
      silent = 0;
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      broker_gone();
    }
  }
}

static void receive_reply(struct reply *r)
{
  unsigned char head[5];
  size_t length;
  receive((char *)head, 5);
  length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
  r->type = (char)head[4];
  r->data = r->next = reserve(NULL, length + 1);
  r->end = r->data + length;
  receive(r->data, length);
  r->data[length] = '\0';
}

static char *field(struct reply *r)
{
  char *text = r->next;
  if (text >= r->end)
    return NULL;
  r->next = text + strlen(text) + 1;
  return text;
}

static long number_field(struct reply *r)
{
  char *text = field(r);
  return text ? atol(text) : 0;
}

static char **argument_fields(struct reply *r)
{
  long count = number_field(r), i;
  char **list = reserve(NULL, (size_t)(count + 1) * sizeof *list);
  for (i = 0; i < count && (list[i] = field(r)); i++)
    ;
  list[i] = NULL;
  return list;
}

static void change_environment(struct reply *r)
{
  char *change;
  while ((change = field(r))) {
    char *equals = strchr(change, '=');
    if (equals) {
      *equals = '\0';
      setenv(change, equals + 1, 1);
      *equals = '=';
    } else {
      unsetenv(change);
    }
  }
}

static void connect_to_broker(void)
{
  struct sockaddr_un address;
  /* A full backlog is no refusal on a stream socket of Linux: connect waits. Elsewhere it is ECONNREFUSED: try again. */
  int tries = 50;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%.102s/sock", run_directory);
  broker = socket(AF_UNIX, SOCK_STREAM, 0);
  if (broker >= 0 && broker < 3) {
    /* A recipe may have closed its standard descriptors. */
    int high = fcntl(broker, F_DUPFD, 3);
    close(broker);
    broker = high;
  }
  if (broker < 0) {
    complain("socket", strerror(errno));
    _exit(2);
  }
  fcntl(broker, F_SETFD, FD_CLOEXEC);
  begin_watch();
  while (connect(broker, (struct sockaddr *)&address, sizeof address) < 0) {
#ifndef __linux__
    if (errno == ECONNREFUSED && tries-- > 0) {
      usleep(20000);
      continue;
    }
#endif
    if (errno == EAGAIN)
      note_silence();
    else if (errno != EINTR || tries-- <= 0)
      broker_gone();
  }
}

/* Why some of what was to be printed on descriptor 1 is lost, or 0. */
static int lost_output;

static void print(int descriptor, const char *data, size_t length)
{
  while (length > 0) {
    ssize_t n = write(descriptor, data, length);
    if (n > 0) {
      data += n;
      length -= (size_t)n;
    } else if (n < 0 && errno == EAGAIN) {
      struct pollfd wait = {descriptor, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (n < 0 && errno != EINTR) {
      if (descriptor == 1)
        lost_output = errno;
      return;
    }
  }
}

/* The end of a job. What its own writes would have failed with elsewhere, the shim's have failed with here. */
static void end_with(int status)
{
  if (lost_output && status == 0) {
    complain("write error", strerror(lost_output));
    status = 1;
  }
  _exit(status);
}

static void die_of(int number)
{
  struct rlimit none = {0, 0};
  sigset_t set;
  /* The process that truly died of it has left its core already. */
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  kill(getpid(), number);
  _exit(128 + number);
}

#include "direct.h"

/* The program of a local run where argv[0] does not tell it: the shell of a bmake. */
static const char *program;

/* The local run: signals that only the shim gets go on to the child, and the shim outlives it. */

static volatile pid_t child;
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
#define FORWARDED (sizeof forwarded / sizeof forwarded[0])

static void forward(int number, siginfo_t *info, void *context)
{
  int saved = errno;
  (void)context;
  /* A terminal signals its whole foreground group, and bmake the group of the job: the child has its own already. */
  if (info->si_code <= 0 && child > 0 && !program)
    kill(child, number);
  errno = saved;
}

static void run_locally(struct reply *r)
{
  struct sigaction action, former[FORWARDED];
  struct message m;
  sigset_t block, mask;
  pid_t make = getppid();
  char **argv = argument_fields(r);
  int status;
  size_t i;
#ifdef __linux__
  pid_t self = getpid();
#endif

  memset(&action, 0, sizeof action);
  action.sa_sigaction = forward;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigemptyset(&block);
  for (i = 0; i < FORWARDED; i++)
    sigaddset(&block, forwarded[i]);
  sigprocmask(SIG_BLOCK, &block, &mask);
  inherit_orphans();
  child = fork();
  if (child < 0) {
    complain("fork", strerror(errno));
    _exit(2);
  }
  if (child == 0) {
#ifdef __linux__
    /* Whoever kills the shim means the shell. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self)
      _exit(2);
#endif
    unwatch();
    change_environment(r);
    if (program) {
      execv(program, argv);
      cannot_execute(make, program);
    }
    execute(make, argv);
  }
  for (i = 0; i < FORWARDED; i++) {
    sigaction(forwarded[i], NULL, &former[i]);
    if (former[i].sa_handler != SIG_IGN)
      sigaction(forwarded[i], &action, NULL);
  }
  sigprocmask(SIG_SETMASK, &mask, NULL);
  status = await_child(child);
  child = 0;

  begin(&m, 'D');
  add_text(&m, WIFSIGNALED(status) ? "s" : "x");
  add_number(&m, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  send_message(&m);
  free(argv);
}

/* Does what the broker says, until one word of it is the last. */
static void obey(void)
{
  for (;;) {
    struct reply r;
    receive_reply(&r);
    switch (r.type) {
    case '1':
    case '2':
      print(r.type - '0', r.data, (size_t)(r.end - r.data));
      break;
    case 'T':
      print(1, r.data, (size_t)(r.end - r.data));
      _exit(0);
    case 'R':
      run_locally(&r);
      break;
    case 'A':
      break;
    case 'X':
      end_with((int)number_field(&r));
      break;
    case 'K':
      die_of((int)number_field(&r));
      break;
    case 'F': {
      int status = (int)number_field(&r);
      char *message = field(&r);
      if (message)
        print(2, message, strlen(message));
      _exit(status);
    }
    case 'E': {
      char *file = field(&r);
      char **argv = argument_fields(&r);
      change_environment(&r);
      execv(file, argv);
      cannot_execute(getppid(), file);
      break;
    }
    default:
      complain("a word from the run that makes no sense", NULL);
      _exit(2);
    }
    free(r.data);
  }
}

/* Our path of a shell back to the user's: RUN/sh/bin/bash is /bin/bash, RUN/rel/bash is bash. */

/* What follows RUN/ in a path below it, else NULL. */
static const char *below_run(const char *text)
{
  size_t length = strlen(run_directory);
  return strncmp(text, run_directory, length) == 0 && text[length] == '/' ? text + length + 1 : NULL;
}

static size_t prefix_length(const char *text)
{
  const char *below = below_run(text);
  if (below && strncmp(below, "sh/", 3) == 0)
    return (size_t)(below - text) + 2;
  if (below && strncmp(below, "rel/", 4) == 0)
    return (size_t)(below - text) + 4;
  return 0;
}

static char *restored(char *text)
{
  char *result, *to, *from = text;
  if (!strstr(text, run_directory))
    return text;
  result = to = reserve(NULL, strlen(text) + 1);
  while (*from) {
    size_t skip = *from == '/' ? prefix_length(from) : 0;
    from += skip;
    if (!skip)
      *to++ = *from++;
  }
  *to = '\0';
  return result;
}

static int is_parse_time(void)
{
  const char *target = getenv("DISTMAKE_TARGET");
  struct stat ours, makes;
  char path[64];
  if (!target || !*target)
    return 1;
  /* $(shell) inside a recipe, from make 4.4 on, looks like the recipe but for descriptor 1: a pipe of its own. */
  if (fstat(1, &ours) < 0 || !S_ISFIFO(ours.st_mode))
    return 0;
  snprintf(path, sizeof path, "/proc/%ld/fd/1", (long)getppid());
  return stat(path, &makes) == 0 && (ours.st_dev != makes.st_dev || ours.st_ino != makes.st_ino);
}

/* What $(shell) writes nobody else would know of; make is done with it when its next recipe line comes. */
static void note_expansion(void)
{
  char path[sizeof run_directory + 40];
  int file;
  snprintf(path, sizeof path, "%s/expanded/%ld", run_directory, (long)getppid());
  file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0)
    close(file);
}

static void run_at_once(char **argv)
{
  size_t i;
  note_expansion();
  unsetenv("DISTMAKE_TARGET");
  for (i = 0; argv[i]; i++)
    argv[i] = restored(argv[i]);
  for (i = 0; environ[i]; i++)
    environ[i] = restored(environ[i]);
  execute(getppid(), argv);
}

/* bmake -j gives its shell the recipe in a file, on descriptor 0. It is not moved: a local run starts at its beginning. */
static char *recipe_text(void)
{
  struct stat file;
  size_t length = 0, size;
  ssize_t n;
  char *text;
  if (fstat(0, &file) < 0 || !S_ISREG(file.st_mode))
    return NULL;
  size = (size_t)file.st_size;
  text = reserve(NULL, size + 1);
  while (length < size && (n = pread(0, text + length, size - length, (off_t)length)) > 0)
    length += (size_t)n;
  text[length] = '\0';
  return text;
}

/* A recipe is for the broker; a shell for anything else is the user's own at once. */
static void bmake_shell(struct message *m, int argc, char **argv)
{
  char *text = argc == 1 && strcmp(argv[0], "sh") == 0 ? recipe_text() : NULL;
  mode_t mask;
  program = "/bin/sh";
  if (!text) {
    unsetenv("DISTMAKE_MAKEFILES");
    if (argv[0][0] == '/')
      argv[0] = (char *)program;
    execv(program, argv);
    cannot_execute(getppid(), program);
  }
  mask = umask(0);
  umask(mask);
  connect_to_broker();
  watch_make();
  begin(m, 'S');
  add_number(m, (long)getpid());
  add_number(m, (long)getppid());
  add_number(m, (long)mask);
  add_directory(m);
  add_number(m, 3);
  add_text(m, "sh");
  add_text(m, "-c");
  add_text(m, text);
}

int main(int argc, char **argv)
{
  const char *below = below_run(argv[0]);
  struct message m;
  starter = getppid();
  if (below && strncmp(below, "parse/", 6) == 0) {
    if (strcmp(argv[argc - 1], "pid") == 0) {
      printf("%ld\n", (long)getppid());
      return 0;
    }
    connect_to_broker();
    begin(&m, 'P');
    add_number(&m, (long)getppid());
    add_directory(&m);
    add_text(&m, argv[argc - 1]);
  } else if (strcmp(argv[0], "sh") == 0 || (below && strcmp(below, "bmake/sh") == 0)) {
    bmake_shell(&m, argc, argv);
  } else if (prefix_length(argv[0])) {
    mode_t mask;
    if (is_parse_time())
      run_at_once(argv);
    mask = umask(0);
    umask(mask);
    connect_to_broker();
    watch_make();
    begin(&m, 'S');
    add_number(&m, (long)getpid());
    add_number(&m, (long)getppid());
    add_number(&m, (long)mask);
    add_directory(&m);
    add_number(&m, argc);
    add_all(&m, argv);
  } else {
    connect_to_broker();
    begin(&m, 'M');
    add_number(&m, (long)getpid());
    add_directory(&m);
    add_number(&m, argc);
    add_all(&m, argv);
  }
  add_all(&m, environ);
  send_message(&m);
  obey();
  return 2;
}
