#ifndef SESSION_H
#define SESSION_H
#include <stdio.h>

/* Answers line by line; returns how many lines were wrong. */
int session(FILE *in, int show_tree);
/* One line; 0 when it is right. */
int session_line(const char *line, int show_tree);
#endif
