#include "session.h"
#include "calc.h"
#include "format.h"
#include <string.h>

static struct variables variables;

int session_line(const char *line, int show_tree)
{
    struct error error = {0};
    char text[200];
    double value = 0;

    if (show_tree)
        calc_explain(line, 0, text, sizeof text, &error);
    else
        value = calc(line, &variables, &error);
    if (error.set) {
        fprintf(stderr, "%s\n%*s^ %s\n", line, (int)error.position, "", error.message);
        return 1;
    }
    if (!show_tree)
        format_number(text, sizeof text, value);
    puts(text);
    return 0;
}

int session(FILE *in, int show_tree)
{
    char line[1000];
    int wrong = 0;

    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " \t")] != '\0')
            wrong += session_line(line, show_tree);
    }
    return wrong;
}
