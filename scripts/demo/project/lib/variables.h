#ifndef VARIABLES_H
#define VARIABLES_H

enum { MAX_VARIABLES = 64 };

struct variables {
    int count;
    struct {
        char name[32];
        double value;
    } entries[MAX_VARIABLES];
};

/* Both return 0 when there is no such name, or no room. */
int variables_get(const struct variables *variables, const char *name, double *value);
int variables_set(struct variables *variables, const char *name, double value);
#endif
