import type { PlaceReason } from '../model/place-reason.ts';

/** Why a job ran where it ran, in the words of all logs and pictures: `hosts full`. */
export const REASON_WORDS: Readonly<Record<PlaceReason, string>> = {
  'least-loaded': 'least loaded',
  follows: 'follows its recipe',
  'not-whitelisted': 'not in dist',
  'named-local': 'named in local',
  'calls-make': 'calls make',
  outside: 'outside of the workspace',
  'make-mode': 'make only looks (-n, -q, -t)',
  'unknown-prerequisites': 'prerequisites not known',
  'not-beside-others': 'nothing may run beside it',
  'no-hosts': 'no hosts in the matrix',
  'hosts-full': 'hosts full',
  'hosts-coming': 'no host ready yet',
  'hosts-lost': 'all hosts lost',
  'absolute-path': 'absolute path, and no private mounts there',
  'failed-there': 'failed there',
  'hosts-failed': 'hosts were lost with it',
  'timed-out-there': 'took too long there',
  'not-taken': 'not taken from there',
};
