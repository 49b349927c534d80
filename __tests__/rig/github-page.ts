import { marked } from 'marked';
import type { Page } from 'playwright-core';
import { fetchMermaid } from '../../scripts/mermaid.mjs';

const STYLE = `
  body { font: 14px/1.5 -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; color: #1f2328; margin: 0 }
  main { width: 900px; padding: 24px 32px }
  h2 { border-bottom: 1px solid #d1d9e0b3; padding-bottom: 0.3em }
  table { border-collapse: collapse; margin: 0 0 16px; display: block; width: max-content; max-width: 100% }
  td, th { border: 1px solid #d1d9e0; padding: 6px 13px }
  tr:nth-child(2n) { background: #f6f8fa }
  code { background: #818b981f; border-radius: 6px; padding: 0.2em 0.4em; font: 85% ui-monospace, monospace }
  .dark { background: #0d1117; color: #f0f6fc }
  .dark tr:nth-child(2n) { background: #151b23 }
`;

/** Markdown as a page that looks about as GitHub shows it; its diagrams are still to be drawn. */
export async function githubPage(markdown: string, theme: 'light' | 'dark' = 'light'): Promise<string> {
  const body = await marked(markdown, { gfm: true });
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><body class="${theme}"><main>${body}</main>`;
}

/**
 * Draws the Mermaid diagrams of such a page, with the settings that GitHub has.
 *
 * @returns what Mermaid says of those that it does not understand
 */
export async function drawDiagrams(page: Page, theme: 'light' | 'dark' = 'light'): Promise<readonly string[]> {
  await page.addScriptTag({ path: fetchMermaid() });
  const options = { startOnLoad: false, securityLevel: 'strict', theme: theme === 'dark' ? 'dark' : 'default' };
  return await page.evaluate<readonly string[]>(`(async () => {
    mermaid.initialize(${JSON.stringify(options)});
    const errors = [];
    for (const code of document.querySelectorAll('code.language-mermaid')) {
      const diagram = document.createElement('div');
      diagram.className = 'mermaid';
      diagram.textContent = code.textContent;
      code.parentElement.replaceWith(diagram);
      await mermaid.run({ nodes: [diagram] }).catch((error) => errors.push(String(error.message ?? error.str ?? error)));
    }
    return errors;
  })()`);
}
