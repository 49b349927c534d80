let isDue = false;

/** Ctrl-Z: stops this process, once, when all who listen for the signal have had their turn. */
export function stopSelf(): void {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => {
    isDue = false;
    process.kill(process.pid, 'SIGSTOP');
  });
}
