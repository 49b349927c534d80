#include "parser.h"
#include "lexer.h"

struct parser {
    struct lexer lexer;
    struct token token;
    struct arena *arena;
    struct error *error;
};

static struct node *parse_sum(struct parser *p);
static struct node *parse_unary(struct parser *p);

static void advance(struct parser *p)
{
    p->token = lexer_next(&p->lexer);
}

static int at(const struct parser *p, char sign)
{
    return p->token.kind == TOKEN_SIGN && p->token.sign == sign;
}

static void expect(struct parser *p, char sign)
{
    if (at(p, sign))
        advance(p);
    else
        error_set(p->error, p->token.start, "'%c' expected, not %s", sign, token_kind_name(p->token.kind));
}

static struct node *parse_call(struct parser *p, struct token name)
{
    struct node *call = node_make(p->arena, NODE_CALL, name.start);

    call->name = arena_copy(p->arena, p->lexer.text + name.start, name.length);
    advance(p);
    while (!at(p, ')') && !p->error->set) {
        if (call->count == MAX_ARGUMENTS) {
            error_set(p->error, p->token.start, "more than %d arguments", MAX_ARGUMENTS);
            break;
        }
        call->children[call->count++] = parse_sum(p);
        if (!at(p, ')'))
            expect(p, ',');
    }
    expect(p, ')');
    return call;
}

static struct node *parse_atom(struct parser *p)
{
    struct token token = p->token;
    struct node *node;

    advance(p);
    if (token.kind == TOKEN_NUMBER)
        return node_number(p->arena, token.start, token.number);
    if (token.kind == TOKEN_NAME && at(p, '('))
        return parse_call(p, token);
    if (token.kind == TOKEN_NAME) {
        node = node_make(p->arena, NODE_VARIABLE, token.start);
        node->name = arena_copy(p->arena, p->lexer.text + token.start, token.length);
        return node;
    }
    if (token.kind == TOKEN_SIGN && token.sign == '(') {
        node = parse_sum(p);
        expect(p, ')');
        return node;
    }
    error_set(p->error, token.start, "a value expected, not %s", token_kind_name(token.kind));
    return node_number(p->arena, token.start, 0);
}

static struct node *parse_power(struct parser *p)
{
    struct node *base = parse_atom(p);
    size_t position = p->token.start;

    if (!at(p, '^'))
        return base;
    advance(p);
    return node_binary(p->arena, position, '^', base, parse_unary(p));
}

static struct node *parse_unary(struct parser *p)
{
    struct node *node;

    if (!at(p, '-'))
        return parse_power(p);
    node = node_make(p->arena, NODE_NEGATE, p->token.start);
    advance(p);
    node->count = 1;
    node->children[0] = parse_unary(p);
    return node;
}

static struct node *parse_product(struct parser *p)
{
    struct node *left = parse_unary(p);

    while (at(p, '*') || at(p, '/') || at(p, '%')) {
        struct token sign = p->token;
        advance(p);
        left = node_binary(p->arena, sign.start, sign.sign, left, parse_unary(p));
    }
    return left;
}

static struct node *parse_sum(struct parser *p)
{
    struct node *left = parse_product(p);

    while (at(p, '+') || at(p, '-')) {
        struct token sign = p->token;
        advance(p);
        left = node_binary(p->arena, sign.start, sign.sign, left, parse_product(p));
    }
    return left;
}

static struct node *parse_statement(struct parser *p)
{
    struct node *left = parse_sum(p);
    struct node *assign;

    if (!at(p, '='))
        return left;
    if (left->kind != NODE_VARIABLE) {
        error_set(p->error, p->token.start, "only a name can be assigned to");
        return left;
    }
    assign = node_make(p->arena, NODE_ASSIGN, left->position);
    advance(p);
    assign->name = left->name;
    assign->count = 1;
    assign->children[0] = parse_statement(p);
    return assign;
}

struct node *parse(const char *text, struct arena *arena, struct error *error)
{
    struct parser p = {{text, 0}, {TOKEN_END, 0, 0, 0, 0}, arena, error};
    struct node *node;

    advance(&p);
    node = parse_statement(&p);
    if (p.token.kind != TOKEN_END)
        error_set(error, p.token.start, "end of text expected, not %s", token_kind_name(p.token.kind));
    return error->set ? NULL : node;
}
