import { LOAD_POLICIES, type LoadPolicy } from '../model/load.ts';
import type { DmakeOutputMode } from '../report/dmake-log.ts';
import { excerpt } from '../util/excerpt.ts';
import { UserError } from '../util/user-error.ts';

/** dmake's settings that count here; each may be a macro of the makefile or a variable of the environment. */
export const DMAKE_NAMES = [
  'DMAKE_RCFILE',
  'DMAKE_GROUP',
  'DMAKE_MODE',
  'DMAKE_MAX_JOBS',
  'DMAKE_ADJUST_MAX_JOBS',
  'DMAKE_OUTPUT_MODE',
] as const;
type DmakeName = (typeof DMAKE_NAMES)[number];

const MODES = ['serial', 'parallel', 'distributed'] as const;
export type DmakeMode = (typeof MODES)[number];

/** dmake's own words (D19), and how its manuals spell them. HTML1 has no form of its own there either. */
const OUTPUT_MODES: ReadonlyMap<string, DmakeOutputMode> = new Map([
  ['TXT1', 'TXT1'],
  ['TXT2', 'TXT2'],
  ['HTML1', 'TXT1'],
  ['TEXT1', 'TXT1'],
  ['TEXT2', 'TXT2'],
]);

/** Used where dmake is asked for and nothing says how many (D2), and for a DMAKE_MAX_JOBS that makes no sense. */
export const DMAKE_JOBS = 2;

/** A value and where it stands, for messages. */
export interface Told {
  readonly value: string;
  readonly where: string;
}

/** The shape of the output, with what is to be said about the word. */
export interface OutputMode {
  /** Undefined: nobody asks for one. */
  readonly mode: DmakeOutputMode | undefined;
  readonly warnings: readonly string[];
}

/** What the makefile and the environment say in dmake's words; a macro ranks above a variable, and the command line above both (D1). */
export class DmakeSettings {
  readonly #macros: ReadonlyMap<string, string>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #options: ReadonlyMap<string, string>;

  /** @param options what the command line says of them (-x) */
  constructor(
    macros: ReadonlyMap<string, string>,
    environment: NodeJS.ProcessEnv,
    options: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#macros = macros;
    this.#environment = environment;
    this.#options = options;
  }

  /** Whether dmake is what people have in mind here. */
  get any(): boolean {
    return DMAKE_NAMES.some((name) => this.told(name) !== undefined);
  }

  /** A setting that is not empty. */
  told(name: DmakeName): Told | undefined {
    const option = this.#options.get(name)?.trim();
    if (option) return { value: option, where: `option -x ${name}` };
    const macro = this.#macros.get(name)?.trim();
    if (macro) return { value: macro, where: `${name} in the makefile` };
    const variable = this.#environment[name]?.trim();
    return variable ? { value: variable, where: `${name} in the environment` } : undefined;
  }

  /** @throws UserError for a word that is no mode (D8) */
  get mode(): DmakeMode | undefined {
    const told = this.told('DMAKE_MODE');
    if (told === undefined) return undefined;
    const mode = MODES.find((one) => one === told.value);
    if (mode !== undefined) return mode;
    const grid =
      told.value === 'grid' ? ': there is no grid here; list the hosts in a .dmakerc and say distributed' : '';
    throw new UserError(`${told.where} must be ${MODES.join(', ')}, not ${excerpt(told.value)}${grid}`);
  }

  /** @returns the number of jobs, with what is to be said about it */
  get maxJobs(): { readonly jobs: number | undefined; readonly warnings: readonly string[] } {
    const told = this.told('DMAKE_MAX_JOBS');
    if (told === undefined) return { jobs: undefined, warnings: [] };
    const jobs = /^\d{1,4}$/.test(told.value) ? Number(told.value) : 0;
    if (jobs > 0) return { jobs, warnings: [] };
    const warning = `${told.where} must be a number from 1 to 9999, not ${excerpt(told.value)}: ${DMAKE_JOBS} is used`;
    return { jobs: DMAKE_JOBS, warnings: [warning] };
  }

  /** DMAKE_ADJUST_MAX_JOBS; unknown words mean M1, as dmake has it (D14). */
  get load(): LoadPolicy | undefined {
    const word = this.told('DMAKE_ADJUST_MAX_JOBS')?.value.toLowerCase();
    if (word === undefined) return undefined;
    if (word === 'no') return 'jobs';
    return LOAD_POLICIES.find((policy) => policy === word && /^m\d$/.test(policy)) ?? 'm1';
  }

  /** DMAKE_OUTPUT_MODE, as {@link readOutputMode} has it. */
  get outputMode(): OutputMode {
    const told = this.told('DMAKE_OUTPUT_MODE');
    return told === undefined ? { mode: undefined, warnings: [] } : readOutputMode(told);
  }
}

/** Reads a value of DMAKE_OUTPUT_MODE, in capitals as dmake wants it. Any other word is ignored, with a warning (D19). */
export function readOutputMode({ value, where }: Told): OutputMode {
  const mode = OUTPUT_MODES.get(value);
  if (mode !== undefined) return { mode, warnings: [] };
  const meant = OUTPUT_MODES.has(value.toUpperCase()) ? `; write ${value.toUpperCase()}` : '';
  return { mode, warnings: [`${where} must be TXT1, TXT2 or HTML1, not ${excerpt(value)}: it is ignored${meant}`] };
}
