#include "memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    max_align_t bytes[];
};

void *arena_take(struct arena *arena, size_t size)
{
    struct block *block = calloc(1, sizeof *block + size);

    if (block == NULL) {
        fputs("calc: out of memory\n", stderr);
        exit(2);
    }
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

void arena_release(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
