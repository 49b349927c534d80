/** Makes the template of report.html from page/: one file with program and style inside, which may load nothing. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');

/** @returns {string} the template; src/report/page/render-page.ts puts the data in */
export function pageTemplate() {
  const script = bundle('page/main.ts');
  const style = bundle('page/style.css');
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const parts = {
    '@policy@': policy.join('; '),
    '<!-- style -->': `<style>${style}</style>`,
    '<!-- data -->': '<script type="application/json" id="data">"@data@"</script>',
    '<!-- script -->': `<script>${script}</script>`,
  };
  const html = readFileSync(join(root, 'page', 'index.html'), 'utf8');
  return html.replace(/@policy@|<!-- (?:style|data|script) -->/g, (mark) => parts[mark]);
}

/** One source with all that it imports; the same bytes in whatever folder. */
function bundle(path) {
  // Not before: set-up comes by here too, when nothing is installed.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [path],
    absWorkingDir: root,
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
    tsconfig: join(root, 'tsconfig.page.json'),
  });
  const text = outputFiles[0].text.trimEnd();
  if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error(`${path}: the bundle would end its own element`);
  return text;
}

function hash(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
