/** Calls again and again, every so many seconds, until what it returns is called. */
export type Ticker = (seconds: number, call: () => void) => () => void;

/** By the clock. It does not keep the process from ending. */
export const clockTicker: Ticker = (seconds, call) => {
  const timer = setInterval(call, seconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
};
