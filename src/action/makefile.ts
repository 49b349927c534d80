import { effectiveDirectory, makeIntent } from '../make/make-intent.ts';
import { defaultMakefile } from '../make/makefile.ts';
import type { SettingsWish } from '../build/settings.ts';
import { decode, encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';

/**
 * Without a goal make needs a makefile: that it has none is said before any host is called.
 *
 * @throws UserError naming the directory
 */
export async function checkMakefile(settings: SettingsWish): Promise<void> {
  const { goals, makefiles, directories, informational } = makeIntent(settings.arguments.map(encode));
  const evaluated =
    process.env['MAKEFILES'] !== undefined || settings.arguments.some((word) => /^(?:-E|--eval)/.test(word));
  const named = settings.makefile !== undefined || makefiles.length > 0 || evaluated;
  if (named || informational || goals.length > 0 || settings.targets.length > 0) return;
  const directory = effectiveDirectory(encode(settings.workingDirectory), directories);
  if ((await defaultMakefile(directory)) !== undefined) return;
  throw new UserError(
    `input makefile: there is no GNUmakefile, makefile or Makefile in ${decode(directory)}, and no target to make without one`,
  );
}
