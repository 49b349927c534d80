#include "self-check.h"
#include "session.h"
#include <string.h>

int main(int count, char **words)
{
    int show_tree = 0, wrong = 0, used = 0, i;

    for (i = 1; i < count; i++) {
        if (strcmp(words[i], "--self-check") == 0)
            return self_check() == 0 ? 0 : 1;
        if (strcmp(words[i], "--tree") == 0) {
            show_tree = 1;
        } else {
            wrong += session_line(words[i], show_tree);
            used = 1;
        }
    }
    if (!used)
        wrong = session(stdin, show_tree);
    return wrong == 0 ? 0 : 1;
}
