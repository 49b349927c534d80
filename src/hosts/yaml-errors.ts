import type { ErrorCode } from 'yaml';

/** The library's own words show pieces of the text, which may be secret, and speak of tokens. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias ("*…") cannot have an anchor or a tag',
  BAD_ALIAS:
    'the name of an anchor or alias is missing or cannot be one; text that begins with "*" or "&" needs quotes',
  BAD_COLLECTION_TYPE: 'a tag ("!…") has no meaning here: leave it out',
  BAD_DIRECTIVE: 'a line that begins with "%" is no part of a matrix',
  BAD_DQ_ESCAPE: 'there is no such escape in double quotes: double the backslash, or use single quotes',
  BAD_INDENT:
    'the indentation does not fit (entries of one list begin in the same column), or a brace or bracket is not closed',
  BAD_SCALAR_START: 'text cannot begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second ":" in this line: put the text in quotes, or go to a new line',
  BLOCK_IN_FLOW: 'within braces or brackets there can be no lines with "-" or by indentation',
  KEY_OVER_1024_CHARS: 'the key is too long',
  MISSING_CHAR:
    'something is missing here: a quote, a brace, a bracket, a comma, a colon, or a blank behind one of them',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line: is a ":" missing?',
  MULTIPLE_ANCHORS: 'there are two anchors for one value',
  MULTIPLE_TAGS: 'a tag ("!…") has no meaning here: leave it out',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  TAB_AS_INDENT: 'there is a tab in the indentation: YAML wants blanks',
  TAG_RESOLVE_FAILED: 'a tag ("!…") has no meaning here: leave it out',
};

/** What is wrong with a text that is no YAML, for people. */
export function explain(code: ErrorCode): string {
  return WORDS[code] ?? 'this is not YAML: a quote, a comma, a brace or a colon may be missing or too many before it';
}
