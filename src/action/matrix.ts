import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseMatrix } from '../hosts/matrix.ts';
import type { Host } from '../model/host.ts';
import { UserError } from '../util/user-error.ts';
import type { HostsInput } from './inputs.ts';

/**
 * The hosts that the inputs name; with neither input, those of `~/.makehosts`; undefined when that is not there either.
 *
 * @throws UserError for a matrix that cannot be read or is wrong
 */
export async function loadMatrix(input: HostsInput): Promise<Host[] | undefined> {
  if (input.kind === 'text') return parseMatrix(input.text, 'input hosts');
  const file = input.kind === 'file' ? input.file : join(homedir(), '.makehosts');
  try {
    return parseMatrix(await readFile(file, 'utf8'), input.kind === 'file' ? `input hosts-file, ${file}` : file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UserError) throw error;
    if (code === 'ENOENT' && input.kind === 'default') return undefined;
    throw new UserError(`${file} cannot be read (${code ?? String(error)})`);
  }
}
