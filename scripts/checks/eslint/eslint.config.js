// SPDX-License-Identifier: Apache-2.0
// What is a mistake in the page's JavaScript. The file imports nothing, so that the lint can be installed elsewhere.
const browser = ['window', 'document', 'location', 'history', 'navigator', 'fetch', 'console', 'localStorage', 'EventSource',
  'EventTarget', 'Event', 'CustomEvent', 'URL', 'URLSearchParams', 'TextDecoder', 'TextEncoder', 'AbortController', 'ResizeObserver',
  'IntersectionObserver', 'Node', 'HTMLElement', 'HTMLInputElement', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'queueMicrotask',
  'requestAnimationFrame', 'cancelAnimationFrame', 'getSelection', 'matchMedia', 'performance', 'devicePixelRatio', 'innerHeight',
  'innerWidth', 'addEventListener', 'removeEventListener', 'scrollTo', 'confirm', 'CSS', 'Intl'];
const mistakes = ['no-undef', 'no-redeclare', 'no-dupe-keys', 'no-dupe-args', 'no-dupe-else-if', 'no-duplicate-case', 'no-const-assign',
  'no-unreachable', 'no-unsafe-finally', 'no-unsafe-negation', 'no-unsafe-optional-chaining', 'no-self-assign', 'no-self-compare',
  'no-fallthrough', 'no-func-assign', 'no-import-assign', 'no-class-assign', 'no-this-before-super', 
  'no-var', 'no-eval', 'no-implied-eval', 'no-sparse-arrays', 'no-loss-of-precision', 'no-async-promise-executor',
  'getter-return', 'use-isnan', 'valid-typeof', 'prefer-const', 'constructor-super', 'no-template-curly-in-string'];

export default [{
  files: ['**/*.js'],
  languageOptions: {
    ecmaVersion: 2022,
    sourceType: 'module',
    globals: Object.fromEntries(browser.map((name) => [name, 'readonly'])),
  },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    ...Object.fromEntries(mistakes.map((rule) => [rule, 'error'])),
    'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'none' }],
    eqeqeq: ['error', 'always', { null: 'ignore' }],
  },
}];
