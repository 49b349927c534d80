import { stagingDirectory, stagingName } from '../../src/build/staging-name.ts';
import { channelsTo, type HostChannels } from '../../src/ssh/channels.ts';
import { SshdRig, TEST_USER } from '../rig/sshd-rig.ts';
import { hostOf, matrixHost, SshUser } from './ssh-rig.ts';

/** Programs of a host's own, which come first on its PATH. */
export const TOOLS = '/var/tmp/tools';
/** Whatever cleaning and lanes in sh need, and no perl, flock or ps. */
const NEEDED =
  'awk cat chmod cut date dd df du env find grep id ls mkdir mkfifo printf pwd readlink rm rmdir sed setsid sleep stat tar touch tr wc';

/**
 * Three kinds of hosts to clean. alpha: an ordinary one, dash and GNU tools. beta: the login is root, its shell csh, and all
 * tools are those of busybox. gamma: fish, sh is bash, and there is neither perl nor a program for locks.
 */
export async function startCleanHosts(): Promise<SshdRig> {
  const own = [`SetEnv PATH=${TOOLS}:/usr/sbin:/usr/bin:/sbin:/bin`];
  const sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', sshdConfig: own },
      { name: 'beta', user: 'root', loginShell: '/bin/csh', sshdConfig: own },
      { name: 'gamma', loginShell: '/usr/bin/fish', sshdConfig: [`SetEnv PATH=${TOOLS}`] },
    ],
  });
  for (const { name } of sshd.hosts) sshd.exec(name, `mkdir -m 755 ${TOOLS}`);
  sshd.exec('beta', `busybox --install -s ${TOOLS}; rm -f ${TOOLS}/cc`);
  sshd.exec(
    'gamma',
    `cd ${TOOLS}; ln -s /bin/bash sh; for t in ${NEEDED}; do f=$(command -v $t) && case $f in /*) ln -s $f ;; esac; done`,
  );
  return sshd;
}

/** The way to start commands on a host of the rig, until the end of the test. */
export async function wayTo(sshd: SshdRig, user: SshUser, name: string): Promise<HostChannels> {
  const channels = channelsTo(hostOf(sshd.host(name)), await user.login({ sshPrivateKey: sshd.privateKey }));
  user.after(() => channels.close());
  return channels;
}

/** A new name for a staging directory. */
export function newStaging(of = 'h'): string {
  return stagingDirectory(stagingName(new Date()), matrixHost({ address: of }));
}

/** Runs a command on a host as the user who logs in there. */
export function asLogin(sshd: SshdRig, name: string, command: string): string {
  if (sshd.host(name).login === 'root') return sshd.exec(name, command);
  return asUser(sshd, name, command);
}

/** As the user who has no other rights there than their own. */
export function asUser(sshd: SshdRig, name: string, command: string): string {
  return sshd.exec(name, `su -s /bin/sh ${TEST_USER} <<'END_OF_COMMAND'\n${command}\nEND_OF_COMMAND`);
}
