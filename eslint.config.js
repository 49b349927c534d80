import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { rule as layers } from './scripts/eslint-layers.js';

const src = fileURLToPath(new URL('src', import.meta.url));

/** What the scripts may use without importing it. */
const nodeGlobals = Object.fromEntries(
  [
    ...['AbortController', 'AbortSignal', 'Buffer', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams'],
    ...['clearImmediate', 'clearInterval', 'clearTimeout', 'setImmediate', 'setInterval', 'setTimeout'],
    ...['console', 'fetch', 'globalThis', 'performance', 'process', 'queueMicrotask', 'structuredClone'],
  ].map((name) => [name, 'readonly']),
);

const unused = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }];

export default defineConfig(
  { ignores: ['build/', 'coverage/', 'dist/', 'lib/', 'bench/results/', '__tests__/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,

  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { distmake: { rules: { layers } } },
    rules: {
      'distmake/layers': ['error', src],
      'no-console': 'error',
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': unused,
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'Export by name.',
        },
        {
          selector:
            "NewExpression[callee.name='URL'][arguments.0.type='Literal'] > MemberExpression[property.name='url']",
          message: 'The bundler takes this for a file to bundle: use assetPath (src/util/asset.ts).',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/action/**', 'src/report/workflow-commands.ts', 'src/report/masks.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@actions/core',
              message: 'Only src/action and, in src/report, masks.ts and workflow-commands.ts use it.',
            },
          ],
        },
      ],
    },
  },

  {
    files: ['page/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.page.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      // Names come from recipes and hosts: they get into the page as text only.
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'srcdoc'].map((property) => ({ property })),
      ],
      '@typescript-eslint/no-unused-vars': unused,
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },

  {
    files: ['__tests__/**/*.ts', 'bench/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': unused,
      // What a test reads from JSON and child processes it checks itself.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },

  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: nodeGlobals },
    rules: { 'no-unused-vars': unused },
  },
);
