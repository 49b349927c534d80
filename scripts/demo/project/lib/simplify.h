#ifndef SIMPLIFY_H
#define SIMPLIFY_H
#include "node.h"

/* Computes what does not depend on variables. Division by zero is left for later, when somebody can be told. */
struct node *simplify(struct node *node);
#endif
