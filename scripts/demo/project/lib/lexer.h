#ifndef LEXER_H
#define LEXER_H
#include "token.h"

struct lexer {
    const char *text;
    size_t position;
};

struct token lexer_next(struct lexer *lexer);
#endif
