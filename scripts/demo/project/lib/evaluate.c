#include "evaluate.h"
#include "functions.h"
#include <math.h>

static double binary(const struct node *node, double left, double right, struct error *error)
{
    switch (node->sign) {
    case '+': return left + right;
    case '-': return left - right;
    case '*': return left * right;
    case '^': return pow(left, right);
    }
    if (right == 0) {
        error_set(error, node->position, "division by zero");
        return 0;
    }
    return node->sign == '/' ? left / right : fmod(left, right);
}

static double call(const struct node *node, const double *arguments, struct error *error)
{
    const struct function *function = function_find(node->name);

    if (function == NULL)
        error_set(error, node->position, "no function '%s'", node->name);
    else if (function->arguments != node->count)
        error_set(error, node->position, "%s takes %d, not %d", node->name, function->arguments, node->count);
    return error->set ? 0 : function->call(arguments);
}

double evaluate(const struct node *node, struct variables *variables, struct error *error)
{
    double values[MAX_ARGUMENTS] = {0};
    int i;

    for (i = 0; i < node->count; i++)
        values[i] = evaluate(node->children[i], variables, error);
    switch (node->kind) {
    case NODE_NUMBER: return node->number;
    case NODE_NEGATE: return -values[0];
    case NODE_BINARY: return binary(node, values[0], values[1], error);
    case NODE_CALL: return call(node, values, error);
    case NODE_VARIABLE:
        if (!variables_get(variables, node->name, &values[0]))
            error_set(error, node->position, "no variable '%s'", node->name);
        return values[0];
    case NODE_ASSIGN:
        if (!error->set && !variables_set(variables, node->name, values[0]))
            error_set(error, node->position, "no room for '%s'", node->name);
        return values[0];
    }
    return 0;
}
