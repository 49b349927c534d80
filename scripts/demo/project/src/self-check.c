#include "self-check.h"
#include "calc.h"
#include "format.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text, *expected;
} values[] = {
    {"1 + 2 * 3", "7"},
    {"(1 + 2) * 3", "9"},
    {"2 ^ 3 ^ 2", "512"},
    {"-2 ^ 2", "-4"},
    {"7 % 4 - 10 / 4", "0.5"},
    {"1e3 + .5", "1000.5"},
    {"a = b = 6", "6"},
    {"a * b + max(a, 40)", "76"},
    {"sqrt(2) ^ 2", "2"},
    {"choose(49, 6)", "13983816"},
    {"gcd(1071, 462)", "21"},
    {"prime(2147483647)", "1"},
    {"sin(0) + cos(0) + log(exp(1))", "2"},
    {"1 +", "a value expected, not end of text"},
    {"(1", "')' expected, not end of text"},
    {"1 2", "end of text expected, not number"},
    {"1 / (3 - 3)", "division by zero"},
    {"3 = 4", "only a name can be assigned to"},
    {"f(1)", "no function 'f'"},
    {"max(1)", "max takes 2, not 1"},
    {"nothing", "no variable 'nothing'"},
    {"2 $ 3", "end of text expected, not unknown character"},
};

static const struct {
    const char *text, *plain, *simple;
} trees[] = {
    {"x = 1 + 2 * y", "(set x (+ 1 (* 2 y)))", "(set x (+ 1 (* 2 y)))"},
    {"z - 2 * -3", "(- z (* 2 (neg 3)))", "(- z -6)"},
    {"max(1 + 1, 1 / 0)", "(max (+ 1 1) (/ 1 0))", "(max 2 (/ 1 0))"},
};

static int compare(const char *text, const char *expected, const char *got)
{
    if (strcmp(expected, got) == 0)
        return 0;
    printf("not ok: %s gave %s, not %s\n", text, got, expected);
    return 1;
}

int self_check(void)
{
    const int value_count = sizeof values / sizeof *values, tree_count = sizeof trees / sizeof *trees;
    struct variables variables = {0};
    int failed = 0, i;

    for (i = 0; i < value_count; i++) {
        struct error error = {0};
        char got[128];
        double value = calc(values[i].text, &variables, &error);
        format_number(got, sizeof got, value);
        failed += compare(values[i].text, values[i].expected, error.set ? error.message : got);
    }
    for (i = 0; i < tree_count; i++) {
        struct error error = {0};
        char plain[200], simple[200];
        calc_explain(trees[i].text, 0, plain, sizeof plain, &error);
        calc_explain(trees[i].text, 1, simple, sizeof simple, &error);
        failed += compare(trees[i].text, trees[i].plain, plain);
        failed += compare(trees[i].text, trees[i].simple, simple);
    }
    printf("self check: %d of %d ok\n", value_count + 2 * tree_count - failed, value_count + 2 * tree_count);
    return failed;
}
