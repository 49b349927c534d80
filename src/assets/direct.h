/*
 * How make executes a command that needs no shell. make does without one when $(SHELL) is /bin/sh, .SHELLFLAGS are -c or
 * -ec, and the command is plain words. Since $(SHELL) is our link it never does; we do it in its place, or people would
 * read the shell's complaint where they know make's.
 */

/* Characters that mean something to a shell, but for those that take their meaning from others: ' and \. */
static const char shell_characters[] = "#;\"*?[]&|<>(){}$`^~!";

/* Commands that are the shell's own. */
static const char *const shell_commands[] = {
  ".",      ":",     "alias", "bg",     "break",    "case",   "cd",    "command", "continue", "eval",
  "exec",   "exit",  "export", "fc",    "fg",       "for",    "getopts", "hash",  "if",       "jobs",
  "login",  "logout", "read", "readonly", "return", "set",    "shift", "switch",  "test",     "times",
  "trap",   "type",  "ulimit", "umask", "unalias",  "unset",  "wait",  "while",   NULL,
};

static int is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/*
 * The next word of a command, its quotes taken away, written to TO; where it ends there, or NULL when only a shell can
 * tell. FROM is moved behind it and the blanks that follow.
 */
static char *plain_word(const char **from, char *to, int first)
{
  const char *at = *from;
  while (*at && !is_blank(*at)) {
    if (*at == '\'') {
      for (at++; *at != '\''; at++) {
        if (!*at || *at == '\n')
          return NULL;
        *to++ = *at;
      }
      at++;
    } else if (*at == '\\') {
      at++;
      if (*at == '\n')
        return NULL;
      if (*at)
        *to++ = *at++;
    } else if (*at == '\n' || strchr(shell_characters, *at) || (first && *at == '=')) {
      return NULL;
    } else {
      *to++ = *at++;
    }
  }
  while (is_blank(*at))
    at++;
  *to = '\0';
  *from = at;
  return to;
}

/* The words of a command that needs no shell, or NULL. Its words are executed as they are. */
static char **plain_words(char **argv)
{
  const char *from, *ifs = getenv("IFS");
  char **words, *to;
  size_t count = 0, i;
  if (strcmp(argv[0], "/bin/sh") != 0 || !argv[1] || !argv[2] || argv[3])
    return NULL;
  if (strcmp(argv[1], "-c") != 0 && strcmp(argv[1], "-ec") != 0)
    return NULL;
  if (ifs && ifs[strspn(ifs, " \t\n")])
    return NULL;
  for (from = argv[2]; is_blank(*from); from++)
    ;
  if (!*from)
    return NULL;
  words = reserve(NULL, (strlen(from) + 2) * sizeof *words);
  to = reserve(NULL, strlen(from) + 1);
  while (*from) {
    words[count++] = to;
    to = plain_word(&from, to, count == 1);
    if (!to)
      return NULL;
    to++;
  }
  words[count] = NULL;
  for (i = 0; shell_commands[i]; i++)
    if (strcmp(words[0], shell_commands[i]) == 0)
      return NULL;
  return words;
}

/* As make reports a program that it cannot execute: `make[1]: ./prog: No such file or directory`. */
static void cannot_execute(pid_t make, const char *file)
{
  int reason = errno, level = 0;
  const char *name = about_process(make, "cmdline"), *variable = about_process(make, "environ");
  if (name && strrchr(name, '/'))
    name = strrchr(name, '/') + 1;
  for (; variable && *variable; variable += strlen(variable) + 1)
    if (strncmp(variable, "MAKELEVEL=", 10) == 0)
      level = atoi(variable + 10);
  if (!name || !*name)
    name = "make";
  if (level > 0)
    fprintf(stderr, "%s[%d]: %s: %s\n", name, level, file, strerror(reason));
  else
    fprintf(stderr, "%s: %s: %s\n", name, file, strerror(reason));
  _exit(127);
}

/* Becomes the command of a make. */
static void execute(pid_t make, char **argv)
{
  char **words = plain_words(argv);
  if (!words)
    words = argv;
  execvp(words[0], words);
  cannot_execute(make, words[0]);
}
