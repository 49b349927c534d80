#ifndef MEMORY_H
#define MEMORY_H
#include <stddef.h>

/* Blocks that are all given back at once. */
struct arena {
    struct block *blocks;
};

void *arena_take(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *text, size_t length);
void arena_release(struct arena *arena);
#endif
