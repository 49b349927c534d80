import type { Matrix, MatrixFormat } from '../model/matrix.ts';
import { MATRIX_FORMATS } from '../model/matrix.ts';
import { UserError } from '../util/user-error.ts';
import type { Runner } from './address.ts';
import { parseD1makeHosts } from './d1make.ts';
import { parseDmakerc } from './dmakerc.ts';
import { parseDpb } from './dpb.ts';
import { parseMakehosts } from './makehosts.ts';
import { plainText } from './plain-text.ts';
import { recognise } from './recognise.ts';
import { parseYaml } from './yaml.ts';

export interface MatrixOptions {
  /** Undefined: the format is recognised by itself. */
  readonly format?: MatrixFormat;
  /** The machine on which distmake runs: formats of old list it by its own name. */
  readonly runner?: Runner;
}

/**
 * A host matrix as the user gave it, in any of the formats, plain or as base64 on one line.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError with everything that is wrong (the first ten)
 */
export function parseMatrix(text: string, source: string, options: MatrixOptions = {}): Matrix {
  const plain = plainText(text, source);
  const { runner } = options;
  const format = options.format ?? recognise(plain.text);
  switch (format) {
    case 'makehosts':
    case 'nothing':
      return parseMakehosts(plain.text, plain.name);
    case 'dmakerc':
      return parseDmakerc(plain.text, plain.name, runner);
    case 'd1make':
      return parseD1makeHosts(plain.text, plain.name);
    case 'dpb':
      return parseDpb(plain.text, plain.name, runner);
    case 'yaml':
      return parseYaml(plain.text, plain.name);
    case 'names':
      throw new UserError(
        `${plain.name}: there are names alone in it, and several formats have them: set hosts-format to one of ` +
          `${MATRIX_FORMATS.join(', ')}, or put the number of jobs behind each name: "build1 4"`,
      );
  }
}
