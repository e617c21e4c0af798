// A GPU for tests: the machine's own, or SwiftShader, which an npm package brings along; null where there is neither.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import koffi from 'koffi'
import { describe } from 'vitest'
import { Device } from '../src/backend/webgpu/device.ts'

const require = createRequire(import.meta.url)

/** Unpacks SwiftShader and a Vulkan loader, and lets this process find them. */
function swiftshader(): void {
  const folder = mkdtempSync(join(tmpdir(), 'gradus-swiftshader-'))
  const packed = join(dirname(require.resolve('@sparticuz/chromium')), '../../bin/swiftshader.tar.br')
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(packed)) return
  execFileSync('tar', ['x', '-C', folder], { input: brotliDecompressSync(readFileSync(packed)) })
  process.env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json')
  // a library that is there already is found by its name
  koffi.load(join(folder, 'libvulkan.so.1'))
}

async function found(): Promise<GPU | null> {
  const { create } = (await import('webgpu')) as unknown as { create(options: string[]): GPU }
  const gpu = create([])
  return (await gpu.requestAdapter()) ? gpu : null
}

let asked: Promise<GPU | null> | null = null
/** What `navigator.gpu` is in a browser. */
export function gpu(): Promise<GPU | null> {
  asked ??= (async () => {
    // an adapter of the machine is asked for by GRADUS_GPU=1: drivers differ, and tests should not
    if (!process.env.GRADUS_GPU) swiftshader()
    return found()
  })()
  return asked
}

/** Tests on a device, or the reason why they are skipped. */
export async function deviceHere(): Promise<Device | null> {
  const found = await gpu()
  const adapter = await found?.requestAdapter()
  if (!adapter) return null
  return new Device(await adapter.requestDevice(), adapter.info.vendor, message => new Error(message))
}
const here = await deviceHere()
if (!here) console.warn('skipped: this machine has no GPU that WebGPU finds, and SwiftShader does not run here')
/** Tests that need a GPU. */
export const describeGpu = (name: string, tests: (device: () => Device) => void): void => {
  describe.skipIf(!here)(name, () => tests(() => here as Device))
}
