import type { Bulk } from '../bulk/bulk.ts';
import type { Dispatcher } from '../engine/dispatcher.ts';
import type { ShimCalls } from '../engine/ports.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import { isBmakeCall } from '../make/bmake/job.ts';
import type { BmakeRun } from '../make/bmake/run.ts';
import { BmakeShell } from '../make/bmake/shell.ts';
import { Broker } from '../make/broker.ts';
import { GraphCheck } from '../make/dependency-graph-check.ts';
import type { FirstMakefile } from '../make/first-makefile.ts';
import { MakeWrapper } from '../make/make-wrapper.ts';
import { isAsked } from '../make/asked-make.ts';
import { probeMarks } from '../make/marks-probe.ts';
import { plainCall } from '../make/plain-call.ts';
import { processAncestors } from '../make/process-facts.ts';
import type { RealMake } from '../make/real-make.ts';
import type { RunDirectory } from '../make/run-directory.ts';
import { NO_MARKS } from '../model/marks.ts';
import type { EventSink } from '../model/event.ts';
import type { Settings } from '../model/settings.ts';
import { decode, encode } from '../util/bytes.ts';
import { KnownMakes } from './known-makes.ts';
import type { WorkView } from './work-view.ts';

interface WiringOptions {
  readonly run: RunDirectory;
  readonly dispatcher: Dispatcher;
  readonly subMakeArguments: SubMakeArguments;
  readonly settings: Settings;
  readonly make: RealMake;
  /** Where make is a bmake. */
  readonly bmake: BmakeRun | undefined;
  /** Of the first make. */
  readonly arguments: readonly string[];
  readonly sink: EventSink;
  /** Where the run is a command: makes that it calls by their path come to us as well. */
  readonly first: FirstMakefile | undefined;
  readonly bulk: Bulk | undefined;
  /** Where it is to be told what the first make is going to do. */
  readonly work: WorkView | undefined;
}

/** Between the calls of make and its shims and the dispatcher. */
export class Wiring implements ShimCalls {
  readonly #options: WiringOptions;
  readonly #wrapper: MakeWrapper;
  readonly #bmake: BmakeShell | undefined;
  readonly #makes: KnownMakes;
  #hasToldOfOrder = false;
  #open: { readonly broker: Broker; readonly graphs: GraphCheck } | undefined;

  private constructor(options: WiringOptions) {
    this.#options = options;
    this.#makes = new KnownMakes(options.make, options.arguments.map(encode), options.first);
    this.#wrapper = new MakeWrapper({
      ...options,
      onObstacle: (obstacle) => {
        options.sink({ type: 'message', level: 'warning', text: `${obstacle}: it runs undistributed` });
      },
    });
    const { run, make, dispatcher, sink, bmake } = options;
    if (!bmake) return;
    this.#bmake = new BmakeShell({
      run,
      make,
      bmake,
      argumentsOf: (pid) => this.#makes.argumentsOf(pid),
      parsed: (pid, { dist, local }) => dispatcher.makeParsed(pid, { ...NO_MARKS, dist, local, writes: true }),
      dispatch: (call, command) => dispatcher.dispatch(call, command),
      warn: (text) => sink({ type: 'message', level: 'warning', text }),
    });
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
    if (this.#bmake && isBmakeCall(call)) {
      void this.#bmake.take(call);
      return;
    }
    const { dispatcher, run, first } = this.#options;
    const plain = plainCall(call, run);
    void dispatcher.dispatch(call, first === undefined ? plain : first.putBack(plain));
  }

  onMake(call: Parameters<ShimCalls['onMake']>[0]): void {
    this.#makes.called(call);
    this.#bmake?.started(call.pid);
    this.#options.dispatcher.makeStarted(call.pid, processAncestors(call.pid));
    void this.#wrapper.answer(call);
  }

  onParse(call: Parameters<ShimCalls['onParse']>[0]): void {
    if (isAsked(this.#options.run, call)) {
      call.answer([], false);
      return;
    }
    if (this.#makes.met(call.make)) this.#options.dispatcher.makeStarted(call.make, processAncestors(call.make));
    void this.#parse(call);
  }

  get #parts(): { readonly broker: Broker; readonly graphs: GraphCheck } {
    if (!this.#open) throw new Error('Internal error: a call before the broker listens');
    return this.#open;
  }

  async #parse(call: Parameters<ShimCalls['onParse']>[0]): Promise<void> {
    const { run, sink, dispatcher, first } = this.#options;
    const isInitial = this.#makes.isInitial(call.make);
    const bulk = isInitial ? this.#options.bulk : undefined;
    const { arguments: words, byPath, ...known } = await this.#makes.parsing(call);
    const found = await probeMarks({
      ...known,
      run,
      broker: this.broker,
      arguments: words,
      call,
      first,
      dmake: dispatcher.dmake,
      whole: bulk !== undefined,
    });
    if (found.problem !== undefined) {
      sink({ type: 'message', level: 'warning', text: `${decode(call.directory)}: ${found.problem}` });
    }
    bulk?.setRules(call, found.rules, found.goals);
    dispatcher.makeParsed(call.make, found.marks);
    // What it reads so late takes no rules (first.mk).
    if (byPath && found.lines.length > 0) this.#tellOfOrder(decode(call.directory));
    call.answer(byPath ? [] : found.lines);
    if (!isInitial) return;
    const { lines } = found;
    this.#options.work?.begin({ ...known, run, broker: this.broker, arguments: words, call, first, lines });
  }

  #tellOfOrder(directory: string): void {
    if (this.#hasToldOfOrder) return;
    this.#hasToldOfOrder = true;
    const text = `${directory}: make was called by its path there: .WAIT, and the order within a + b, need it to be called by its name`;
    this.#options.sink({ type: 'message', level: 'warning', text });
  }
}
