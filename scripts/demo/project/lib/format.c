#include "format.h"
#include <stdio.h>
#include <string.h>

void format_number(char *text, size_t size, double number)
{
    snprintf(text, size, "%.12g", number);
}

static void append(char *text, size_t size, const char *more)
{
    strncat(text, more, size - strlen(text) - 1);
}

static void tree(char *text, size_t size, const struct node *node)
{
    char word[48] = {node->sign, '\0'};
    int i;

    if (node->kind == NODE_NUMBER)
        format_number(word, sizeof word, node->number);
    else if (node->kind == NODE_NEGATE)
        strcpy(word, "neg");
    else if (node->name != NULL)
        snprintf(word, sizeof word, "%s%s", node->kind == NODE_ASSIGN ? "set " : "", node->name);
    if (node->count > 0)
        append(text, size, "(");
    append(text, size, word);
    for (i = 0; i < node->count; i++) {
        append(text, size, " ");
        tree(text, size, node->children[i]);
    }
    if (node->count > 0)
        append(text, size, ")");
}

void format_tree(char *text, size_t size, const struct node *node)
{
    text[0] = '\0';
    tree(text, size, node);
}
