#include "lexer.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct token lexer_next(struct lexer *lexer)
{
    struct token token = {TOKEN_END, 0, 0, 0, 0};
    const char *start;
    char *end;

    while (isspace((unsigned char)lexer->text[lexer->position]))
        lexer->position++;
    start = lexer->text + lexer->position;
    token.start = lexer->position;
    if (*start == '\0')
        return token;
    if (isdigit((unsigned char)*start) || (*start == '.' && isdigit((unsigned char)start[1]))) {
        token.kind = TOKEN_NUMBER;
        token.number = strtod(start, &end);
        token.length = (size_t)(end - start);
    } else if (isalpha((unsigned char)*start) || *start == '_') {
        token.kind = TOKEN_NAME;
        while (isalnum((unsigned char)start[token.length]) || start[token.length] == '_')
            token.length++;
    } else {
        token.kind = strchr("+-*/%^(),=", *start) != NULL ? TOKEN_SIGN : TOKEN_BAD;
        token.sign = *start;
        token.length = 1;
    }
    lexer->position += token.length;
    return token;
}
