import type { BuildEvent } from '../model/event.ts';

/** `build1: ready in 0.8 s, 120 files (1.2 MB)`. */
export function describeHostReady(event: Extract<BuildEvent, { type: 'host-ready' }>): string {
  // Said once a host, since jobs are slower there and compilers' paths differ.
  const sandbox = event.sandbox !== 'tree' ? '' : '; it forbids private mounts, so each slot has a copy of its own';
  return `${event.host.name}: ready in ${event.seconds.toFixed(1)} s, ${event.files} files (${formatBytes(event.bytes)})${sandbox}`;
}

/** Bytes for people: `812 B`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  for (const unit of ['kB', 'MB']) {
    if (value < 999.5) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= 1000;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} GB`;
}
