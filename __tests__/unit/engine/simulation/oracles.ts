import { answersAreTrue } from './oracles/answers.ts';
import { makeEndsRight, nothingIsLeft, nothingWentWrong, stopsSoon } from './oracles/ends.ts';
import { failuresAreTold, jobsEndOnce, recipesEndOnce } from './oracles/events.ts';
import { benchedHostsAreTried, breaksAreHeard, lostHostsRest } from './oracles/hosts.ts';
import { aloneIsAlone, failuresStop, linesRunOnce, onceIsOnce } from './oracles/lines.ts';
import type { Oracle } from './oracles/oracle.ts';
import { secondRunsAreElsewhere } from './oracles/second-runs.ts';

/** What every run is held to, whatever has struck it. */
export const ORACLES: Readonly<Record<string, Oracle>> = {
  nothingWentWrong,
  nothingIsLeft,
  makeEndsRight,
  answersAreTrue,
  linesRunOnce,
  onceIsOnce,
  jobsEndOnce,
  recipesEndOnce,
  failuresStop,
  failuresAreTold,
  stopsSoon,
  breaksAreHeard,
  aloneIsAlone,
  lostHostsRest,
  benchedHostsAreTried,
  secondRunsAreElsewhere,
};
