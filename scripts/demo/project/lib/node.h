#ifndef NODE_H
#define NODE_H
#include "memory.h"

enum node_kind { NODE_NUMBER, NODE_VARIABLE, NODE_ASSIGN, NODE_NEGATE, NODE_BINARY, NODE_CALL };
enum { MAX_ARGUMENTS = 4 };

struct node {
    enum node_kind kind;
    size_t position;
    double number;
    const char *name;
    char sign;
    int count;
    struct node *children[MAX_ARGUMENTS];
};

struct node *node_make(struct arena *arena, enum node_kind kind, size_t position);
struct node *node_number(struct arena *arena, size_t position, double number);
struct node *node_binary(struct arena *arena, size_t position, char sign, struct node *left, struct node *right);
#endif
