#include "error.h"
#include <stdarg.h>
#include <stdio.h>

void error_set(struct error *error, size_t position, const char *format, ...)
{
    va_list arguments;

    if (error->set)
        return;
    error->set = 1;
    error->position = position;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}
