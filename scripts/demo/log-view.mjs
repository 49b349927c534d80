// Shows a step's output as a workflow's log page would: commands are obeyed, not printed.

const COLOURS = { error: 31, warning: 33, notice: 36 };
const LABELS = { error: 'Error', warning: 'Warning', notice: 'Notice' };

/** @param {string} text */
const unescapeData = (text) => text.replace(/%0D/gi, '\r').replace(/%0A/gi, '\n').replace(/%25/g, '%');
/** @param {string} text */
const unescapeProperty = (text) => unescapeData(text.replace(/%3A/gi, ':').replace(/%2C/gi, ','));

/** One step's log; feed it with {@link write}, then {@link end}. */
export class LogView {
  /** @type {(line: string) => void} */ #print;
  #colour;
  #rest = '';
  #depth = 0;
  /** While it is set nothing but this word is a command. @type {string | undefined} */ #stopped;
  /** @type {string[]} */ #masks = [];
  /** What the step annotated, in order. @type {Array<{ level: 'error' | 'warning' | 'notice', text: string, place: string }>} */
  annotations = [];

  /** @param {(line: string) => void} print takes one line, without its end @param {boolean} colour */
  constructor(print, colour) {
    this.#print = print;
    this.#colour = colour;
  }

  /** @param {string} chunk */
  write(chunk) {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  end() {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  /** @param {string} line */
  #line(line) {
    const command = /^\s*::([A-Za-z-]+)(?:\s+(.*?))?::(.*)$/.exec(line) ?? undefined;
    const legacy = /##\[([a-z-]+)\](.*)$/.exec(line) ?? undefined;
    if (this.#stopped !== undefined) {
      if (line.trim() === `::${this.#stopped}::`) this.#stopped = undefined;
      else this.#show(line);
    } else if (command !== undefined) {
      this.#obey(command[1].toLowerCase(), command[2] ?? '', command[3], line);
    } else if (legacy !== undefined) {
      this.#obey(legacy[1], '', legacy[2], line);
    } else {
      this.#show(line);
    }
  }

  /** @param {string} name @param {string} properties @param {string} data @param {string} line */
  #obey(name, properties, data, line) {
    switch (name) {
      case 'group':
        this.#depth = 0;
        this.#show(this.#paint(1, `▾ ${unescapeData(data)}`));
        this.#depth = 1;
        return;
      case 'endgroup':
        this.#depth = 0;
        return;
      case 'error':
      case 'warning':
      case 'notice':
        this.#annotate(name, properties, unescapeData(data));
        return;
      case 'add-mask':
        this.#masks.push(
          ...unescapeData(data)
            .split(/\r?\n/)
            .filter((l) => l.trim() !== ''),
        );
        return;
      case 'stop-commands':
        this.#stopped = data;
        return;
      case 'debug':
        return;
      default:
        this.#show(line);
    }
  }

  /** @param {'error' | 'warning' | 'notice'} level @param {string} properties @param {string} text */
  #annotate(level, properties, text) {
    const known = new Map(
      properties.split(',').map((p) => {
        const [key, ...value] = p.trim().split('=');
        return [key.trim().toLowerCase(), unescapeProperty(value.join('='))];
      }),
    );
    const place = [known.get('file'), known.get('line')].filter((p) => p !== undefined && p !== '').join(':');
    this.annotations.push({ level, text: this.#masked(text), place });
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      this.#show(this.#paint(COLOURS[level], i === 0 ? `${LABELS[level]}: ${line}` : line));
    }
  }

  /** @param {number} code @param {string} text */
  #paint(code, text) {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** @param {string} text */
  #masked(text) {
    return this.#masks.reduce((sofar, mask) => sofar.replaceAll(mask, '***'), text);
  }

  /** @param {string} line */
  #show(line) {
    this.#print('  '.repeat(this.#depth) + this.#masked(line));
  }
}
