/**
 * Writes schema/hosts.schema.json from the schema that the parser checks with: `node scripts/schema.mjs`. With `--check`
 * only tells, by its status, whether the file is what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { format, resolveConfig } from 'prettier';
import { MATRIX_OR_HOSTS } from '../src/hosts/yaml-schema.ts';

const file = join(import.meta.dirname, '../schema/hosts.schema.json');
// What a pipe of valibot ends with is what the data looks like; the check before it only keeps lists from it.
const schema = toJsonSchema(MATRIX_OR_HOSTS, { target: 'draft-2020-12', typeMode: 'output' });
const text = await format(JSON.stringify(schema), { ...(await resolveConfig(file)), parser: 'json' });
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('schema/hosts.schema.json is out of date: run node scripts/schema.mjs');
  process.exitCode = 1;
}
