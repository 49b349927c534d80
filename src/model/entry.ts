import type { Bytes } from '../util/bytes.ts';

/** Content of a file: whole when it is small, else in chunks that are read once, in order. */
export type Content = Buffer | AsyncIterable<Buffer>;

/**
 * One file system entry on its way to or from a host. Paths are relative to the workspace, without `.` or `..`;
 * directories come before what is in them. Times are in nanoseconds since 1970.
 */
export type Entry =
  | {
      readonly kind: 'file';
      readonly path: Bytes;
      /** Permission bits only. */
      readonly mode: number;
      readonly time: bigint;
      readonly size: number;
      readonly content: Content;
    }
  | { readonly kind: 'link'; readonly path: Bytes; readonly time: bigint; readonly target: Bytes }
  | { readonly kind: 'directory'; readonly path: Bytes; readonly mode: number }
  /** Nothing stands there any more, nor below it. */
  | { readonly kind: 'removed'; readonly path: Bytes }
  /** Same content, other time. */
  | { readonly kind: 'time'; readonly path: Bytes; readonly time: bigint };

/** What a job wrote, as a host reports it: the mode of a file may hold setuid, setgid and the sticky bit. */
export type Output =
  | (Extract<Entry, { kind: 'file' }> & {
      /** The job set the time itself (`cp -p`, `touch -d`); otherwise it is the host's clock at the time of writing. */
      readonly timeIsSet: boolean;
    })
  | Extract<Entry, { kind: 'link' | 'directory' | 'removed' }>
  /** What the host has there is no longer what it was told: it must be sent again. */
  | { readonly kind: 'unknown'; readonly path: Bytes }
  /** A device, a FIFO, an unreadable file: cannot be brought home. */
  | { readonly kind: 'special'; readonly path: Bytes };
