/** Those that may hold a secret. */
const INPUTS = ['hosts', 'ssh-private-key', 'ssh-passphrase', 'known-hosts', 'setup'];

/**
 * Takes inputs of this action out of the environment, once they are read: recipes and whatever else is started have no
 * business with keys and host lists.
 */
export function forgetInputs(environment: NodeJS.ProcessEnv): void {
  for (const name of INPUTS) Reflect.deleteProperty(environment, `INPUT_${name.toUpperCase()}`);
}
