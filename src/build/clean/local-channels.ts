import type { HostChannels } from '../../ssh/channels.ts';
import { ProgramStream } from '../../ssh/program-stream.ts';

/** This machine, as if it were a host: others may have it in their matrix. */
export function localChannels(): HostChannels {
  const open = new Set<ProgramStream>();
  return {
    exec: async (command) => {
      const stream = await ProgramStream.start('/bin/sh', ['-c', command]);
      open.add(stream);
      stream.on('close', () => open.delete(stream));
      return stream;
    },
    close: () => {
      for (const stream of open) stream.destroy();
      open.clear();
    },
  };
}
