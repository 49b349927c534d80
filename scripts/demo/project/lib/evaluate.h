#ifndef EVALUATE_H
#define EVALUATE_H
#include "error.h"
#include "node.h"
#include "variables.h"

double evaluate(const struct node *node, struct variables *variables, struct error *error);
#endif
