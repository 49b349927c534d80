import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Ajv {
  compile(schema: unknown): ((data: unknown) => boolean) & { errors?: unknown };
}

/** The validator that eslint brings; of the drafts of JSON Schema nothing differs in what our schema uses. */
const Validator = createRequire(createRequire(import.meta.url).resolve('eslint/package.json'))('ajv') as new () => Ajv;

const schema: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../schema/events.schema.json'), 'utf8'));
const valid = new Validator().compile({ ...(schema as object), $schema: undefined });

/** Lines of a text that are not what schema/events.schema.json says, with what is wrong. */
export function eventProblems(text: string): unknown[] {
  if (!text.endsWith('\n')) return ['the last line has no end'];
  return text
    .slice(0, -1)
    .split('\n')
    .flatMap((line) => (valid(JSON.parse(line)) ? [] : [{ line, errors: valid.errors }]));
}
