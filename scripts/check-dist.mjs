/** Fails when dist/ is not what the sources give: the action runs from the committed bundles. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build, root } from './build.mjs';

/** The files of a folder, path by path, with what must agree: content and whether it is a program. */
function contents(folder) {
  const files = new Map();
  let entries = [];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    files.set(relative(folder, path), { bytes, program: (statSync(path).mode & 0o100) !== 0 });
  }
  return files;
}

/** What is wrong with `there`, a line for each file; nothing when it is as it should be. */
function differences(there, fresh) {
  const lines = [];
  for (const path of [...new Set([...there.keys(), ...fresh.keys()])].sort()) {
    const [old, now] = [there.get(path), fresh.get(path)];
    if (old === undefined) lines.push(`dist/${path}: missing`);
    else if (now === undefined) lines.push(`dist/${path}: not made by the build`);
    else if (!old.bytes.equals(now.bytes)) lines.push(`dist/${path}: differs`);
    else if (old.program !== now.program) lines.push(`dist/${path}: must be mode ${now.program ? '755' : '644'}`);
  }
  return lines;
}

const scratch = mkdtempSync(join(tmpdir(), 'check-dist-'));
try {
  const fresh = join(scratch, 'dist');
  build(fresh);
  const lines = differences(contents(join(root, 'dist')), contents(fresh));
  if (lines.length > 0) {
    console.error(`dist/ is not what the sources give:\n  ${lines.join('\n  ')}`);
    console.error('Run `npm run build` and commit dist/.');
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`check-dist: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
