/*
 * What a shim looks out for while it waits: the broker, which may end or be stuck; the make that has started it, which
 * may be killed; and the process that it runs itself.
 */

/* So long it waits for a sign of the broker each time, in ms; RUN/interval may name another number. */
static long interval = 10000;
/* After so many of these in a row without one it gives up. They are counted, not timed: a whole session may be stopped. */
#define MOST_SILENT 12
static int silent;

/* Comes when make has died. Nobody sends it else, and whoever does does no harm. */
#define MAKE_DIED SIGURG

/* What was set when the shim was started: what it runs is to find it so. */
static struct sigaction former_child, former_died;
static sigset_t former_mask, waiting_mask;

static void wake(int number)
{
  (void)number;
}

static void begin_watch(void)
{
  char path[sizeof run_directory + 16];
  struct timeval limit;
  FILE *file;
  snprintf(path, sizeof path, "%s/interval", run_directory);
  file = fopen(path, "r");
  if (file) {
    if (fscanf(file, "%ld", &interval) != 1 || interval < 10)
      interval = 10000;
    fclose(file);
  }
  limit.tv_sec = interval / 1000;
  limit.tv_usec = interval % 1000 * 1000;
  /* A broker that takes in nothing: for connect and send on a local socket (unix(7)). */
  setsockopt(broker, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sigprocmask(SIG_SETMASK, NULL, &former_mask);
  waiting_mask = former_mask;
}

/* From here on the end of make, and that of a child, interrupt a wait, and nothing else. */
static void watch_make(void)
{
  struct sigaction action;
  sigset_t both;
  memset(&action, 0, sizeof action);
  action.sa_handler = wake;
  action.sa_flags = SA_NOCLDSTOP;
  sigemptyset(&action.sa_mask);
  sigemptyset(&both);
  sigaddset(&both, SIGCHLD);
  sigaddset(&both, MAKE_DIED);
  sigprocmask(SIG_BLOCK, &both, NULL);
  sigdelset(&waiting_mask, SIGCHLD);
  sigdelset(&waiting_mask, MAKE_DIED);
  sigaction(SIGCHLD, &action, &former_child);
  sigaction(MAKE_DIED, &action, &former_died);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, MAKE_DIED);
#endif
}

/* In the process that is to become what the shim runs. */
static void unwatch(void)
{
  sigaction(SIGCHLD, &former_child, NULL);
  sigaction(MAKE_DIED, &former_died, NULL);
  sigprocmask(SIG_SETMASK, &former_mask, NULL);
}

/* Whether what the job leaves comes to us. */
static int inherits;

/* What loses its parent while we are there is handed to us, and so is found when all of the job is to be killed. */
static void inherit_orphans(void)
{
#ifdef PR_SET_CHILD_SUBREAPER
  inherits = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
#endif
}

/* Where no child of our own is left. */
static void bury_orphans(void)
{
  while (inherits && waitpid(-1, NULL, WNOHANG) > 0)
    ;
}

static int make_is_gone(void)
{
  return getppid() != starter;
}

/* Waits for a word of the broker. Positive: it has come, or the broker has closed; 0: it was too long; else a signal came. */
static int wait_for_broker(void)
{
  struct timespec limit;
#ifdef __linux__
  struct pollfd source = {broker, POLLIN, 0};
#else
  fd_set source;
  FD_ZERO(&source);
  FD_SET(broker, &source);
#endif
  limit.tv_sec = interval / 1000;
  limit.tv_nsec = interval % 1000 * 1000000;
#ifdef __linux__
  return ppoll(&source, 1, &limit, &waiting_mask);
#else
  return pselect(broker + 1, &source, NULL, NULL, &limit, &waiting_mask);
#endif
}

/* Nothing has come, or nothing was taken in, for as long as the interval. */
static void note_silence(void)
{
  if (make_is_gone())
    _exit(2);
  if (++silent < MOST_SILENT)
    return;
  fprintf(stderr, "distmake: it has not answered for %ld s; this recipe is given up (%s)\n",
          (interval * MOST_SILENT + 500) / 1000, run_directory);
  _exit(2);
}

/* Returns when there is something to read of the broker, or its end. */
static void await_broker(void)
{
  for (;;) {
    int ready = wait_for_broker();
    if (make_is_gone())
      _exit(2);
    bury_orphans();
    if (ready > 0)
      return;
    if (ready == 0) {
      static const char ping[5] = {0, 0, 0, 0, 'A'};
      note_silence();
      send(broker, ping, sizeof ping, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
}

#ifdef __linux__
/* A process and all that it has started and that has not been orphaned, stopped: stopped ones start no further ones. */
static pid_t *stopped_tree(pid_t root, size_t *count)
{
  pid_t *tree = reserve(NULL, sizeof *tree);
  int found = 1;
  tree[0] = root;
  *count = 1;
  kill(root, SIGSTOP);
  while (found) {
    DIR *all = opendir("/proc");
    struct dirent *entry;
    found = 0;
    while (all && (entry = readdir(all))) {
      pid_t pid = (pid_t)atol(entry->d_name);
      char *text = pid > 0 ? about_process(pid, "stat") : NULL, *end = text ? strrchr(text, ')') : NULL;
      long parent = 0;
      size_t i;
      int known = 0, ours = 0;
      if (end && sscanf(end, ") %*c %ld", &parent) == 1) {
        for (i = 0; i < *count; i++) {
          known |= tree[i] == pid;
          ours |= tree[i] == parent;
        }
        if (ours && !known) {
          kill(pid, SIGSTOP);
          tree = reserve(tree, (*count + 1) * sizeof *tree);
          tree[(*count)++] = pid;
          found = 1;
        }
      }
      free(text);
    }
    if (all)
      closedir(all);
  }
  return tree;
}
#endif

/* Nobody waits for the child any more: it ends, with what it has started; at once, if it is not done within a second. */
static void end_child(pid_t root)
{
#ifdef __linux__
  size_t count, i;
  pid_t *tree = stopped_tree(root, &count);
  int tries, left = 1;
  for (i = 0; i < count; i++) {
    kill(tree[i], SIGTERM);
    kill(tree[i], SIGCONT);
  }
  for (tries = 0; left && tries < 50; tries++) {
    usleep(20000);
    waitpid(root, NULL, WNOHANG);
    bury_orphans();
    for (left = 0, i = 0; i < count; i++)
      left |= kill(tree[i], 0) == 0;
  }
  for (i = 0; left && i < count; i++)
    kill(tree[i], SIGKILL);
#else
  kill(root, SIGKILL);
#endif
}

/* Waits for the end of the child; what it works for may end first, and then it is ended. */
static int await_child(pid_t pid)
{
  int status = 0;
  for (;;) {
    int any;
    pid_t ended = waitpid(-1, &any, WNOHANG);
    if (ended == pid)
      status = any;
    if (ended == pid || (ended < 0 && errno != EINTR))
      return status;
    /* What others have left to us. */
    if (ended > 0)
      continue;
    if (wait_for_broker() > 0) {
      /* While something runs here all that comes is the answer to an earlier question. */
      char answer[5];
      if (recv(broker, answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer[4] != 'A') {
        end_child(pid);
        broker_gone();
      }
      silent = 0;
    }
    if (make_is_gone()) {
      end_child(pid);
      _exit(2);
    }
  }
}
