import type { Dispatcher } from '../engine/dispatcher.ts';
import type { ShimCalls } from '../engine/ports.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import { Broker } from '../make/broker.ts';
import { GraphCheck } from '../make/dependency-graph-check.ts';
import { probeDist } from '../make/dist-probe.ts';
import { MakeWrapper } from '../make/make-wrapper.ts';
import { plainCall } from '../make/plain-call.ts';
import { processAncestors } from '../make/process-facts.ts';
import type { RealMake } from '../make/real-make.ts';
import type { RunDirectory } from '../make/run-directory.ts';
import type { EventSink } from '../model/event.ts';
import type { Settings } from '../model/settings.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';

interface WiringOptions {
  readonly run: RunDirectory;
  readonly dispatcher: Dispatcher;
  readonly subMakeArguments: SubMakeArguments;
  readonly settings: Settings;
  readonly make: RealMake;
  /** Of the first make. */
  readonly arguments: readonly string[];
  readonly sink: EventSink;
}

/** Between the calls of make and its shims and the dispatcher. */
export class Wiring implements ShimCalls {
  readonly #options: WiringOptions;
  readonly #wrapper: MakeWrapper;
  /** Arguments of every make below the first, by pid. */
  readonly #arguments = new Map<number, readonly Bytes[]>();
  #open: { readonly broker: Broker; readonly graphs: GraphCheck } | undefined;

  private constructor(options: WiringOptions) {
    this.#options = options;
    this.#wrapper = new MakeWrapper(options.run, options.make, options.subMakeArguments);
  }

  /** Takes calls from here on. */
  static async listen(options: WiringOptions): Promise<Wiring> {
    const wiring = new Wiring(options);
    const { run, make, settings, subMakeArguments } = options;
    const broker = await Broker.listen(run, wiring);
    const { staging } = settings;
    const root = encode(settings.root);
    const graphs = new GraphCheck({ run, broker, make, root, arguments: subMakeArguments, staging });
    wiring.#open = { broker, graphs };
    return wiring;
  }

  get broker(): Broker {
    return this.#parts.broker;
  }

  /** Compares what sub-makes on hosts would do with what they would do here. */
  get graphs(): GraphCheck {
    return this.#parts.graphs;
  }

  onShell(call: Parameters<ShimCalls['onShell']>[0]): void {
    void this.#options.dispatcher.dispatch(call, plainCall(call, this.#options.run));
  }

  onMake(call: Parameters<ShimCalls['onMake']>[0]): void {
    this.#arguments.set(call.pid, call.argv.slice(1));
    this.#options.dispatcher.makeStarted(call.pid, processAncestors(call.pid));
    void this.#wrapper.answer(call);
  }

  onParse(call: Parameters<ShimCalls['onParse']>[0]): void {
    void this.#parse(call);
  }

  get #parts(): { readonly broker: Broker; readonly graphs: GraphCheck } {
    if (!this.#open) throw new Error('Internal error: a call before the broker listens');
    return this.#open;
  }

  async #parse(call: Parameters<ShimCalls['onParse']>[0]): Promise<void> {
    const { run, make, sink, dispatcher } = this.#options;
    const list = await probeDist({
      run,
      broker: this.broker,
      make: make.path,
      arguments: this.#arguments.get(call.make) ?? this.#options.arguments.map(encode),
      call,
    });
    if (list.problem !== undefined) {
      sink({ type: 'message', level: 'warning', text: `${decode(call.directory)}: ${list.problem}` });
    }
    dispatcher.makeParsed(call.make, list.present ? list.patterns : undefined, list.writes);
    call.answer();
  }
}
