#include "variables.h"
#include <string.h>

static int find(const struct variables *variables, const char *name)
{
    int i = 0;

    while (i < variables->count && strcmp(variables->entries[i].name, name) != 0)
        i++;
    return i;
}

int variables_get(const struct variables *variables, const char *name, double *value)
{
    int i = find(variables, name);

    if (i == variables->count)
        return 0;
    *value = variables->entries[i].value;
    return 1;
}

int variables_set(struct variables *variables, const char *name, double value)
{
    int i = find(variables, name);

    if (i == MAX_VARIABLES || strlen(name) >= sizeof variables->entries[i].name)
        return 0;
    if (i == variables->count) {
        strcpy(variables->entries[i].name, name);
        variables->count++;
    }
    variables->entries[i].value = value;
    return 1;
}
