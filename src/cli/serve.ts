// The playground's files, served to this machine alone.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import sirv from 'sirv'
import { ArgumentError, FileError } from '../engine/errors.ts'

/** Where the page is: beside the command in the package, among what was built in a checkout. */
const places = ['./playground', '../../dist/playground'].map(path => fileURLToPath(new URL(path, import.meta.url)))

export interface Serving {
  readonly address: string
  stop(): Promise<void>
}

/**
 * Serves the playground at a port of this machine (0: any that is free), until it is stopped.
 *
 * @throws ArgumentError for a port that cannot be had; FileError when the page was not built
 */
export async function serve(port: number): Promise<Serving> {
  const folder = places.find(place => existsSync(`${place}/index.html`))
  if (folder === undefined)
    throw new FileError('the playground is not built: run npm run build', places[0] as string, 'read', undefined)
  const files = sirv(folder, { etag: true })
  const server = createServer((request, response) =>
    files(request, response, () => {
      response.statusCode = 404
      response.end()
    }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ArgumentError(
          error.code === 'EADDRINUSE'
            ? `port ${port} is taken: choose another with --port, or 0 for any that is free`
            : `port ${port} cannot be had (${error.message})`,
        ),
      ),
    )
    server.listen(port, 'localhost', resolve)
  })
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
