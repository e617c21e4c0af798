// The page as plain files that any static server can serve, under a policy that allows nothing but themselves.
import { join } from 'node:path'
import { defineConfig } from 'vite'

/** No code from strings, no inline scripts or styles, nothing from elsewhere. */
export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: join(import.meta.dirname, '../dist/playground'),
    emptyOutDir: true,
    target: 'es2022',
    // fonts stay files: the policy has no data: for them
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
  },
  plugins: [
    {
      name: 'fonts',
      enforce: 'pre',
      // browsers that run the page read woff2: the other two kinds of each font would only be carried along
      transform: (code, id) =>
        id.includes('katex') ? code.replace(/,\s*url\([^)]*\)\s*format\(["'](?:woff|truetype)["']\)/g, '') : undefined,
    },
    {
      name: 'policy',
      apply: 'build',
      transformIndexHtml: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
          injectTo: 'head-prepend',
        },
      ],
    },
  ],
})
