#include "node.h"

struct node *node_make(struct arena *arena, enum node_kind kind, size_t position)
{
    struct node *node = arena_take(arena, sizeof *node);

    node->kind = kind;
    node->position = position;
    return node;
}

struct node *node_number(struct arena *arena, size_t position, double number)
{
    struct node *node = node_make(arena, NODE_NUMBER, position);

    node->number = number;
    return node;
}

struct node *node_binary(struct arena *arena, size_t position, char sign, struct node *left, struct node *right)
{
    struct node *node = node_make(arena, NODE_BINARY, position);

    node->sign = sign;
    node->count = 2;
    node->children[0] = left;
    node->children[1] = right;
    return node;
}
