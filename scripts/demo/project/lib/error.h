#ifndef ERROR_H
#define ERROR_H
#include <stddef.h>

/* The first thing that went wrong, and where in the text. */
struct error {
    int set;
    size_t position;
    char message[120];
};

void error_set(struct error *error, size_t position, const char *format, ...);
#endif
