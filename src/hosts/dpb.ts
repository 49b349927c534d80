import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import type { Matrix } from '../model/matrix.ts';
import { parallelOf } from '../model/parallel.ts';
import { identity, isRunner, parseAddress, type Runner } from './address.ts';
import { expand } from './dpb-expansion.ts';
import { readParameter, type Parameters } from './dpb-parameters.ts';
import { readProperties, type Properties } from './dpb-properties.ts';
import { controlCharacter, linesOf, wordsOf, type Word } from './lines.ts';
import { Problems } from './problems.ts';
import { shown } from './shown.ts';
import { Warnings } from './warnings.ts';

/*
 * DPB's hosts file, from dpb(1) and DPB/Config.pm (section 5b, E13, E14). Its own rules hold: the first of two equal
 * hosts wins, words without "=" count for nothing, and what is not known is passed over, here with a warning.
 *
 *   matrix    = { [ parameter | default | entry ] [ "#" comment ] newline }
 *   parameter = UPPER "=" text                            (to the end of the line; UPPER of capitals and "_")
 *   default   = "DEFAULT" { blank property | blank word } (for later lines only)
 *   entry     = host { blank property | blank word }
 *   property  = name "=" [ value ]
 *   host      = as address.ts has it
 */
const FORM =
  'A line is "[user@]name[:port] [PROPERTY=VALUE …]" such as "ci@build1 jobs=8 sf=2", "DEFAULT PROPERTY=VALUE …" for the ' +
  'lines below it, or "PARAMETER=VALUE" in capitals; "#" begins a comment.';

/** An entry as its line says it: parameters further down may yet say more. */
interface Entry {
  readonly host: Host;
  readonly properties: Properties;
}

/**
 * A matrix in the form of DPB's hosts file. Warnings tell what was passed over.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError naming all that is wrong (the first ten), or saying that there is no host at all
 */
export function parseDpb(text: string, source: string, runner?: Runner): Matrix {
  const problems = new Problems(source, FORM);
  const warnings = new Warnings(source);
  const entries = new Map<string, Entry>();
  const parameters: Parameters = {};
  let defaults: Properties = {};
  for (const [line, raw] of linesOf(text)) {
    const control = controlCharacter(raw);
    if (control !== undefined) problems.add({ line, column: control.column }, control.text);
    const clean = raw.replace(/#.*$/, '').trimEnd();
    const [first, ...words] = wordsOf(clean);
    if (control !== undefined || first === undefined) continue;
    if (readParameter(clean, line, parameters, problems, warnings)) continue;
    const properties = { ...defaults, ...readProperties(words, line, problems, warnings) };
    if (first.text === 'DEFAULT') {
      defaults = properties;
      continue;
    }
    const host = hostOf(first, line, problems, runner);
    if (host === undefined) continue;
    const before = entries.get(identity(host));
    if (before === undefined) entries.set(identity(host), { host, properties });
    else {
      const counts = `line ${before.host.line} counts, not this one`;
      warnings.add({ line, column: first.column }, () => `${shown(host.name)} is there already: ${counts}`);
    }
  }
  if (entries.size === 0) problems.finishWithout();
  problems.finish();
  const hosts = Array.from(entries.values(), (entry) => complete(entry, parameters));
  return { format: 'dpb', source, hosts, groups: [], ungrouped: hosts, makeArguments: '', warnings: warnings.list() };
}

function hostOf(word: Word, line: number, problems: Problems, runner: Runner | undefined): Host | undefined {
  const address = word.text.includes('=')
    ? { problem: `a line begins with the name of a host, not with ${shown(word.text)}; parameters are in capitals` }
    : parseAddress(word.text);
  if ('problem' in address) {
    problems.add({ line, column: word.column }, address.problem);
    return undefined;
  }
  const local = isRunner(address.value, runner);
  return { ...HOST_DEFAULTS, name: word.text, ...address.value, slots: undefined, local, line };
}

/** A host with all that properties and parameters say of it. */
function complete({ host, properties }: Entry, parameters: Parameters): Host {
  const { jobs, speed = 1, timeout = parameters.connectionTimeout, arch, memory, parallel } = properties;
  // "stuck" is said for a host of speed 1.
  const stuck = Math.round((properties.stuck ?? parameters.stuckTimeout ?? 0) * speed);
  const facts = { host: host.address, arch };
  const chroot = expand(properties.chroot ?? '', facts);
  return {
    ...host,
    slots: jobs,
    speed,
    timeout,
    stuck: stuck === 0 ? undefined : stuck,
    memory: memory === 0 ? undefined : memory,
    arch,
    // A part of slots that are known late stays a part.
    parallel: parallel === undefined || jobs === undefined ? parallel : parallelOf(parallel, jobs),
    chroot: chroot === '' || chroot === '/' ? undefined : chroot,
    startup: expand(parameters.startup ?? '', facts),
  };
}
