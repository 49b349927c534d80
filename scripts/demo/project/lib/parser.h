#ifndef PARSER_H
#define PARSER_H
#include "error.h"
#include "node.h"

/*
 * statement: name '=' statement | sum
 * sum:       product (('+' | '-') product)*
 * product:   unary (('*' | '/' | '%') unary)*
 * unary:     '-' unary | power
 * power:     atom ['^' unary]
 * atom:      number | name | name '(' [sum (',' sum)*] ')' | '(' sum ')'
 * NULL when the text is none of this; error then says why.
 */
struct node *parse(const char *text, struct arena *arena, struct error *error);
#endif
