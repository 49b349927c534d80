#include "simplify.h"
#include "evaluate.h"

struct node *simplify(struct node *node)
{
    struct variables none = {0};
    struct error error = {0};
    double value;
    int i;
    int constant = node->kind == NODE_NEGATE || node->kind == NODE_BINARY;

    for (i = 0; i < node->count; i++) {
        node->children[i] = simplify(node->children[i]);
        constant = constant && node->children[i]->kind == NODE_NUMBER;
    }
    if (!constant)
        return node;
    value = evaluate(node, &none, &error);
    if (error.set)
        return node;
    node->kind = NODE_NUMBER;
    node->number = value;
    node->count = 0;
    return node;
}
