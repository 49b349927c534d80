// What is compared. Each one is a command in a directory that holds the workload.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recipe } from './workload.mjs';

/** The command as it is released. */
export const CLI = fileURLToPath(new URL('../dist/cli/index.js', import.meta.url));

/**
 * @typedef {object} Setting
 * @property {string} home a home directory whose .ssh knows the hosts
 * @property {string} ssh a program: ssh that knows the hosts, without control connections
 * @property {string} masterConfig the same with control connections
 * @property {string} matrix file with the host matrix
 * @property {readonly string[]} hosts names in the ssh configurations
 * @property {readonly string[]} names of the targets, without directory and suffix
 * @property {number} slots of each host
 *
 * @typedef {object} Competitor
 * @property {string} name
 * @property {string} title
 * @property {(setting: Setting) => string[]} command
 * @property {(setting: Setting) => string[]} [before] run before the clock starts, counted nowhere
 * @property {(setting: Setting) => string[]} [after]
 * @property {() => string | undefined} [missing] why it cannot run
 */

/** Files that the competitors read. @param {string} folder @param {import('../__tests__/rig/ssh-hosts.d.mts').SshHosts} rig */
export function writeSetting(folder, rig) {
  const ssh = join(folder, 'home', '.ssh');
  mkdirSync(ssh, { recursive: true, mode: 0o700 });
  writeFileSync(join(ssh, 'id_ed25519'), rig.privateKey, { mode: 0o600 });
  writeFileSync(join(ssh, 'known_hosts'), rig.knownHosts);
  const common = `IdentityFile ${ssh}/id_ed25519\nUserKnownHostsFile ${ssh}/known_hosts\nBatchMode yes\nLogLevel ERROR\n`;
  const hosts = rig.hosts
    .map((h) => `Host ${h.name}\n  HostName ${h.address}\n  Port ${h.port}\n  User ${h.login}\n`)
    .join('');
  const sshConfig = join(folder, 'ssh_config');
  const program = join(folder, 'ssh');
  const masterConfig = join(folder, 'ssh_config_master');
  writeFileSync(sshConfig, `${common}${hosts}`);
  // GNU parallel's control masters do not come up when its --ssh has arguments.
  writeFileSync(program, `#!/bin/sh\nexec ssh -F ${sshConfig} "$@"\n`, { mode: 0o755 });
  writeFileSync(masterConfig, `ControlMaster auto\nControlPersist 600\nControlPath ${folder}/cm-%n\n${common}${hosts}`);
  writeFileSync(join(folder, 'hosts'), rig.matrix);
  return { home: join(folder, 'home'), ssh: program, masterConfig, matrix: join(folder, 'hosts') };
}

/** @param {string} script @param {readonly string[]} args */
const sh = (script, args) => ['sh', '-c', script, 'sh', ...args];

/** @param {string} name @param {string} title @param {string[]} [options] @returns {Competitor} */
export function distmake(name, title, options = []) {
  return {
    name,
    title,
    missing: () => (existsSync(CLI) ? undefined : 'dist/cli/index.js is not there: npm run build'),
    command: (s) => [
      process.execPath,
      CLI,
      '-c',
      s.matrix,
      '--local-jobs',
      '0',
      ...options,
      '-s',
      `-j${s.slots * s.hosts.length}`,
    ],
  };
}

/** @type {Competitor[]} */
export const competitors = [
  {
    name: 'local',
    title: 'local make',
    command: (s) => ['make', '-s', `-j${s.slots * s.hosts.length}`],
  },
  {
    name: 'seed',
    title: 'scp, ssh, scp by hand',
    // The control connections stand and the directories are there before the clock starts.
    before: (s) =>
      sh('c=$1; shift; for h; do ssh -F "$c" "$h" mkdir -p stage || exit; done', [s.masterConfig, ...s.hosts]),
    command: (s) => {
      const tools = [`SSH=ssh -F ${s.masterConfig}`, `SCP=scp -q -F ${s.masterConfig}`];
      return ['make', '-s', '-f', 'by-hand.mk', `-j${s.slots * s.hosts.length}`, ...tools];
    },
    after: (s) => sh('c=$1; shift; for h; do ssh -F "$c" -O exit "$h"; done', [s.masterConfig, ...s.hosts]),
  },
  {
    name: 'parallel',
    title: 'GNU parallel',
    command: (s) => {
      const options = ['--will-cite', '--controlmaster', '--ssh', s.ssh, '--sshlogin'];
      options.push(s.hosts.map((h) => `${s.slots}/${h}`).join(','));
      options.push('--transferfile', '{}.txt', '--return', '{}.o', '--cleanup', recipe('{}'));
      return ['parallel', ...options, ':::', ...s.names];
    },
  },
  distmake('distmake', 'distmake'),
];
