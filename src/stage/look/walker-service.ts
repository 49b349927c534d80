import type { MessagePort } from 'node:worker_threads';
import type { Bytes } from '../../util/bytes.ts';
import { Exclusion } from './exclusion.ts';
import { Walker, type LookEnd, type Part } from './walker.ts';

/** To the thread: a look by the walker of that number, which the first one makes. */
export interface Order {
  readonly walker: number;
  readonly root: Bytes;
  readonly exclude: readonly string[];
  readonly suspects: ReadonlyMap<Bytes, string | undefined>;
}

/** From the thread, for that walker: parts of a look, then its end. */
export type Report = { readonly walker: number } & ({ readonly part: Part } | { readonly end: LookEnd });

/** The work of the thread in which large workspaces are looked at: orders come by the port, findings go there. */
export function serveLooks(port: MessagePort): void {
  const walkers = new Map<number, Walker>();
  port.on('message', ({ walker: number, root, exclude, suspects }: Order) => {
    const walker = walkers.get(number) ?? new Walker(root, new Exclusion(exclude));
    walkers.set(number, walker);
    const look = walker.look(suspects);
    for (;;) {
      const { value, done } = look.next();
      if (done === true) {
        port.postMessage({ walker: number, end: value } satisfies Report);
        return;
      }
      if (!value) continue;
      const buffers = [value.stamps.buffer, value.flags.buffer] as ArrayBuffer[];
      port.postMessage({ walker: number, part: value } satisfies Report, buffers);
    }
  });
}
