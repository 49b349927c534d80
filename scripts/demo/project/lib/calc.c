#include "calc.h"
#include "evaluate.h"
#include "format.h"
#include "parser.h"
#include "simplify.h"

double calc(const char *text, struct variables *variables, struct error *error)
{
    struct arena arena = {0};
    struct node *node = parse(text, &arena, error);
    double value = node == NULL ? 0 : evaluate(simplify(node), variables, error);

    arena_release(&arena);
    return value;
}

void calc_explain(const char *text, int simplified, char *tree, size_t size, struct error *error)
{
    struct arena arena = {0};
    struct node *node = parse(text, &arena, error);

    if (node != NULL)
        format_tree(tree, size, simplified ? simplify(node) : node);
    arena_release(&arena);
}
