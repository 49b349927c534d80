#ifndef TOKEN_H
#define TOKEN_H
#include <stddef.h>

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_SIGN, TOKEN_BAD };

struct token {
    enum token_kind kind;
    size_t start, length;
    char sign;
    double number;
};

const char *token_kind_name(enum token_kind kind);
#endif
