import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';

import { decode, encode, fsPath, type Bytes } from '../util/bytes.ts';
import type { Broker } from './broker.ts';
import type { RunDirectory } from './run-directory.ts';

export interface LaunchOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly file: Bytes;
  readonly argv: readonly Bytes[];
  readonly environment: readonly Bytes[];
  /** Absolute. */
  readonly directory: Bytes;
  readonly stdio: StdioOptions;
  /** In a session and process group of its own, so that all of it can be signalled. */
  readonly detached?: boolean;
}

let links = 0;

/**
 * Starts a program with exactly these bytes. node passes on text only, so it starts our wrapper, which then asks the
 * broker and becomes the program: its pid is that of the child.
 */
export function launch(options: LaunchOptions): ChildProcess {
  const { run, broker, file, argv, environment, stdio, detached = false } = options;
  const link = isText(options.directory) ? undefined : `${run.path}/directory.${links++}`;
  if (link !== undefined) symlinkSync(fsPath(options.directory), link);
  const wrapper = run.wrapper;
  const child = spawn(wrapper, [], { cwd: link ?? decode(options.directory), env: {}, stdio, detached });
  if (child.pid !== undefined) broker.expect(child.pid, (call) => call.exec(decode(file), argv, environment));
  if (link !== undefined) child.once('exit', () => rmSync(link, { force: true }));
  return child;
}

function isText(bytes: Bytes): boolean {
  return encode(decode(bytes)) === bytes;
}
