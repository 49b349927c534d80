#include "functions.h"
#include "integers.h"
#include <math.h>
#include <string.h>

static double call_sqrt(const double *a) { return sqrt(a[0]); }
static double call_abs(const double *a) { return fabs(a[0]); }
static double call_floor(const double *a) { return floor(a[0]); }
static double call_sin(const double *a) { return sin(a[0]); }
static double call_cos(const double *a) { return cos(a[0]); }
static double call_exp(const double *a) { return exp(a[0]); }
static double call_log(const double *a) { return log(a[0]); }
static double call_max(const double *a) { return fmax(a[0], a[1]); }
static double call_min(const double *a) { return fmin(a[0], a[1]); }
static double call_gcd(const double *a) { return integer_gcd(a[0], a[1]); }
static double call_choose(const double *a) { return integer_choose(a[0], a[1]); }
static double call_prime(const double *a) { return integer_is_prime(a[0]); }

static const struct function functions[] = {
    {"sqrt", 1, call_sqrt}, {"abs", 1, call_abs}, {"floor", 1, call_floor},   {"sin", 1, call_sin},
    {"cos", 1, call_cos},   {"exp", 1, call_exp}, {"log", 1, call_log},       {"max", 2, call_max},
    {"min", 2, call_min},   {"gcd", 2, call_gcd}, {"choose", 2, call_choose}, {"prime", 1, call_prime},
};

const struct function *function_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}
