import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { deferred } from '../util/deferred.ts';

/** An agent may ask its owner for a password before it answers; on a machine without one it would wait for ever. */
const PATIENCE_MS = 5000;

/**
 * The keys that an agent holds and ssh2 can use: certificates are not among them. Rejects when it does not answer.
 *
 * @param patience ms
 */
export async function keysOf(socket: string, patience = PATIENCE_MS): Promise<readonly ParsedKey[]> {
  const answer = deferred<readonly ParsedKey[]>();
  const timer = setTimeout(() => answer.reject(new Error(`it has said nothing for ${patience / 1000} s`)), patience);
  ssh2.createAgent(socket).getIdentities((error, keys) => {
    if (error) answer.reject(error);
    else answer.resolve((keys ?? []).flatMap((key) => usable(key as ParsedKey | Buffer)));
  });
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
  }
}

function usable(key: ParsedKey | Buffer): ParsedKey[] {
  const parsed = ssh2.utils.parseKey(key) as ParsedKey | Error | undefined;
  return parsed === undefined || 'message' in parsed ? [] : [parsed];
}

/** An agent that shows some of its keys, in this order. */
export class ChosenKeys extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #keys: readonly ParsedKey[];

  constructor(socket: string, keys: readonly ParsedKey[]) {
    super();
    this.#agent = ssh2.createAgent(socket);
    this.#keys = keys;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, [...this.#keys]);
  }

  override sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions, done?: SignCallback): void;
  override sign(key: ParsedKey, data: Buffer, done: SignCallback): void;
  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, done);
  }
}
