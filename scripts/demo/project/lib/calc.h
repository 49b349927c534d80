#ifndef CALC_H
#define CALC_H
#include "error.h"
#include "variables.h"

/* Text in, value out; error->set says whether there is one. */
double calc(const char *text, struct variables *variables, struct error *error);
/* How the text was understood, as a tree; simplified or not. */
void calc_explain(const char *text, int simplified, char *tree, size_t size, struct error *error);
#endif
