#include "token.h"

const char *token_kind_name(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_END: return "end of text";
    case TOKEN_NUMBER: return "number";
    case TOKEN_NAME: return "name";
    case TOKEN_SIGN: return "sign";
    case TOKEN_BAD: break;
    }
    return "unknown character";
}
