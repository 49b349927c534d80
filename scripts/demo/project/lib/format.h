#ifndef FORMAT_H
#define FORMAT_H
#include "node.h"

/* A number as people write it, and a tree as Lisp does; both cut at size. */
void format_number(char *text, size_t size, double number);
void format_tree(char *text, size_t size, const struct node *node);
#endif
