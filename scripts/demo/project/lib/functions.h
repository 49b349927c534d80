#ifndef FUNCTIONS_H
#define FUNCTIONS_H

struct function {
    const char *name;
    int arguments;
    double (*call)(const double *arguments);
};

/* NULL when there is no function of that name. */
const struct function *function_find(const char *name);
#endif
