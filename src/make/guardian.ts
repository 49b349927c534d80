import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Time-outs in a row that script shims bear with an engine that says nothing; MOST_SILENT in watch.h. */
const MOST_SILENT = 12;

/** Ms between two signs of life, unless a run says otherwise; `interval` in watch.h. */
export const USUAL_INTERVAL = 10_000;

/**
 * Watches over the engine for shims that are scripts. A FIFO has no end that closes when we die, and a script cannot wait
 * for two things at once: this process waits for that (its stdin ends), and looks whether the engine, which may be stuck,
 * still counts on in RUN/alive. Every script shim that waits is told; what those run locally ends when the engine has
 * died. It also keeps the requests open, so that no shim can block on opening them.
 */
export class Guardian {
  readonly #child: ChildProcess;
  readonly #beat: NodeJS.Timeout;
  #count = 0;

  /**
   * @param path of the run directory
   * @param interval ms between two signs of life
   */
  constructor(path: string, interval: number) {
    const beat = (): void => {
      try {
        writeFileSync(`${path}/alive`, `${this.#count++}\n`, { mode: 0o600 });
      } catch {
        // A full disk is no reason to end: who reads it finds it changed, for it is empty then.
      }
    };
    beat();
    this.#beat = setInterval(beat, interval).unref();
    const words = [interval / 1000, MOST_SILENT, Math.round((interval * MOST_SILENT) / 1000)].map(String);
    const stdio = ['pipe', 'ignore', 'ignore'] as const;
    this.#child = spawn('/bin/sh', ['-c', PROGRAM, 'distmake-guardian', path, ...words], {
      stdio: [...stdio],
      detached: true,
    });
    this.#child.unref();
    (this.#child.stdin as unknown as { unref(): void }).unref();
  }

  /** It has nothing to watch over any more. */
  end(): void {
    clearInterval(this.#beat);
    try {
      // With the one that sleeps below it.
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/**
 * Arguments: the run directory, seconds between two looks, how many of them may find nothing new, and how long that is. A shim that is stopped
 * is part of a session that is: the engine is excused then. Below a shim is whatever it runs locally.
 */
const PROGRAM = `run=$1
every=$2
most=$3
long=$4
exec 3<>"$run/requests"
shims() {
  for fifo in "$run"/reply/*; do
    [ -p "$fifo" ] && grep -qF "$run/" "/proc/\${fifo##*/}/cmdline" 2>/dev/null && echo "\${fifo##*/}"
  done
}
tell() {
  for pid in $(shims); do echo "$1" 1<>"$run/reply/$pid"; done
}
stopped() {
  for pid in $(shims); do
    case $(cat "/proc/$pid/stat" 2>/dev/null) in *') T '*) return 0 ;; esac
  done
  return 1
}
below() {
  for one in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
    echo "$one"
    below "$one"
  done
}
(
  before=
  silent=0
  while sleep "$every" && [ -p "$run/requests" ]; do
    read -r now <"$run/alive"
    if [ "$now" != "$before" ] || stopped; then
      silent=0
    else
      silent=$((silent + 1))
      [ "$silent" -lt "$most" ] || tell "distmake_stuck $long"
    fi
    before=$now
  done
) &
watch=$!
cat >/dev/null
kill -KILL "$watch" $(below "$watch") 2>/dev/null
rm -f "$run/requests"
n=0
none=0
while [ $n -lt 50 ] && [ $none -lt 10 ]; do
  none=$((none + 1))
  for pid in $(shims); do
    none=0
    all=$(below "$pid")
    [ -z "$all" ] || kill -KILL $all 2>/dev/null
  done
  tell distmake_gone
  n=$((n + 1))
  sleep 0.1
done`;
