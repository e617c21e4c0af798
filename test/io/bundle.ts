// A script as one file of JavaScript, so that many processes of it start fast.
import { join } from 'node:path'
import { build } from 'vite'

/** Bundles a script of this folder with all it imports, Node aside, into `folder`. Returns its path. */
export async function bundle(script: string, folder: string): Promise<string> {
  await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, script),
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: `${script}.mjs` } },
    },
  })
  return join(folder, `${script}.mjs`)
}
