/**
 * Writes schema/*.schema.json from the schemas in the sources: that of a host matrix, which the parser checks with, and that of
 * the lines of events.ndjson: `node scripts/schema.mjs`. With `--check` only tells, by its status, whether the files are
 * what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { format, resolveConfig } from 'prettier';
import { MATRIX_OR_HOSTS } from '../src/hosts/yaml-schema.ts';
import { EVENT_LINE } from '../src/report/directory/event-schema.ts';

const folder = join(import.meta.dirname, '../schema');

for (const [name, source] of Object.entries({ hosts: MATRIX_OR_HOSTS, events: EVENT_LINE })) {
  const file = join(folder, `${name}.schema.json`);
  // What a pipe of valibot ends with is what the data looks like; the check before it only keeps lists from it.
  const schema = toJsonSchema(source, { target: 'draft-2020-12', typeMode: 'output' });
  const text = await format(JSON.stringify(schema), { ...(await resolveConfig(file)), parser: 'json' });
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`schema/${name}.schema.json is out of date: run node scripts/schema.mjs`);
    process.exitCode = 1;
  }
}
