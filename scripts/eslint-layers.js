/**
 * The layers of src/, from the top. A folder may import from layers below its own, never from its own layer's other
 * folders and never upwards. The entries (files right in src/) stand on top.
 */
import { dirname, relative, resolve, sep } from 'node:path';

/** @type {string[][]} */
export const layers = [
  ['action', 'cli'],
  ['build'],
  ['make', 'ssh', 'lane', 'stage', 'report', 'hosts', 'cache', 'bulk'],
  ['engine'],
  ['model'],
  ['util'],
];

/** Where a path stands: its folder in src/ and that folder's layer; -1 for the entries, undefined outside of src/. */
function placeOf(path, src) {
  const parts = relative(src, path).split(sep);
  if (parts[0] === '..') return undefined;
  if (parts.length === 1) return { folder: 'the entries', layer: -1 };
  return { folder: parts[0], layer: layers.findIndex((names) => names.includes(parts[0])) };
}

/**
 * The ESLint rule; its one option is the path of src/.
 * @type {import('eslint').Rule.RuleModule}
 */
export const rule = {
  meta: {
    type: 'problem',
    docs: { description: 'imports go down the layers only' },
    schema: [{ type: 'string' }],
    messages: {
      upwards: '{{from}} may not import from {{to}}: imports go down the layers only (scripts/eslint-layers.js).',
      unknown: 'src/{{folder}} is in no layer: give it a place in scripts/eslint-layers.js.',
    },
  },
  create(context) {
    const src = context.options[0];
    const from = placeOf(context.filename, src);
    if (from === undefined) return {};

    function check(node, specifier) {
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const to = placeOf(resolve(dirname(context.filename), specifier), src);
      if (to === undefined || to.folder === from.folder) return;
      if (to.layer === -1 && to.folder !== 'the entries') {
        context.report({ node, messageId: 'unknown', data: { folder: to.folder } });
      } else if (to.layer <= from.layer) {
        context.report({ node, messageId: 'upwards', data: { from: from.folder, to: to.folder } });
      }
    }

    return {
      Program(node) {
        if (from.layer === -1 && from.folder !== 'the entries') {
          context.report({ node, messageId: 'unknown', data: { folder: from.folder } });
        }
      },
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ImportExpression: (node) => check(node, node.source.value),
      TSImportType: (node) => check(node, (node.source ?? node.argument?.literal)?.value),
    };
  },
};
