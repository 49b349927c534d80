import { LeftOut } from '../engine/left-out.ts';
import type { HostChannels } from './channels.ts';

/** The same host with another directory as its `/` (DPB's `chroot`, E13). Commands must begin with `exec `. */
export function inChroot(channels: HostChannels, directory: string): HostChannels {
  return {
    exec: async (command) => channels.exec(chrootCommand(command, directory)),
    close: () => channels.close(),
  };
}

/**
 * @param command begins with `exec `
 * @throws LeftOut: no shell can be given this directory
 */
export function chrootCommand(command: string, directory: string): string {
  if (!command.startsWith('exec ')) throw new Error('Internal error: only a command that is executed can be moved');
  if (/\p{Cc}/u.test(directory))
    throw new LeftOut('its chroot has a control character in its name, which cannot be given to a shell');
  return `exec sh -c '${HEED}; ${FIND}' chroot ${quoteForAnyShell(directory)} ${command.slice('exec '.length)}`;
}

/**
 * What the host's owner says of jobs counts in there too (D10, D12): lanes look for it with this directory as their root, so
 * the files must be the same there, and so must be the directory in which jobs hold their places.
 */
const HEED = [
  's=',
  'for f in /etc/opt/SPROdmake/dmake.conf /etc/distmake.conf; do if [ -e "$f" ]; then s=$f; fi; done',
  'if [ "$s" ]; then p=/tmp; if [ -e $p/.distmake-slots ]; then p=$p/.distmake-slots; fi',
  'for f in /etc/opt/SPROdmake/dmake.conf /etc/distmake.conf; do if [ "$(cat "$f" 2>&1)" = "$(cat "$1$f" 2>&1)" ]; then :',
  'elif [ -e "$f" ] || [ -e "$1$f" ]; then p=; fi; done',
  'if [ "$p" ] && [ "$p" -ef "$1$p" ]; then :; else echo "chroot: owner $s" >&2; exit 1; fi; fi',
].join('; ');

/** Only root's PATH leads to it everywhere; the others are to hear that it is not theirs. */
const FIND = 'c=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot) || c=chroot; exec "$c" "$@"';

/**
 * What went wrong in the words of chroot, for people.
 *
 * @returns undefined for a fault that has nothing to do with it
 */
export function chrootProblem(message: string, directory: string): string | undefined {
  const said = /chroot: .*/.exec(message)?.[0];
  if (said === undefined) return undefined;
  const name = `${directory}, its chroot in the matrix`;
  const owner = /^chroot: owner (\/\S+)/.exec(said)?.[1];
  if (owner !== undefined)
    return (
      `its owner's limit (${owner}) cannot be kept in ${name}: mount that file and /tmp there too ` +
      '(mount --bind), or leave the chroot out'
    );
  if (/not permitted|permission denied/i.test(said))
    return `${name}, cannot be entered: only root can do that, so the login there must be root (${said})`;
  if (/run command|execute/i.test(said)) return `${name}, has no sh in it that can be run (${said})`;
  if (/not found$/.test(said)) return `${name}, cannot be entered: there is no program chroot there (${said})`;
  return `${name}, cannot be entered: is it a directory there? (${said})`;
}

/** One word that sh, csh and fish read alike: in quotes they differ, behind a backslash they do not. */
function quoteForAnyShell(word: string): string {
  return word.replace(/[^A-Za-z0-9_/.\u0080-\uffff-]/g, (character) => `\\${character}`);
}
