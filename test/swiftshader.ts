// A GPU: SwiftShader, or with GRADUS_GPU=1 the machine's own; null where there is neither.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import koffi from 'koffi'
import { Device } from '../src/backend/webgpu/device.ts'
import { runsHere, unpacked } from './chromium.ts'

/** Libraries that are to stay: koffi unloads those that nobody refers to. */
const libraries: unknown[] = []
/** What `f` finds when this process can find SwiftShader and a Vulkan loader. */
async function withSwiftshader<T>(f: () => Promise<T>): Promise<T> {
  if (!runsHere) return f()
  const folder = unpacked('swiftshader.tar')
  try {
    process.env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json')
    // a library that is there already is found by its name
    libraries.push(koffi.load(join(folder, 'libvulkan.so.1')))
    return await f()
  } finally {
    // what has been loaded stays
    rmSync(folder, { recursive: true })
  }
}
async function found(): Promise<{ gpu: GPU; device: Device } | null> {
  const { create } = (await import('webgpu')) as unknown as { create(options: string[]): GPU }
  const gpu = create([])
  const adapter = await gpu.requestAdapter()
  if (!adapter) return null
  return { gpu, device: new Device(await adapter.requestDevice(), 'GPU', message => new Error(message)) }
}

/** Why there is none. */
export let missing = 'no adapter was found'
/** What `navigator.gpu` is in a browser, and a device of it. */
export const here = await (process.env.GRADUS_GPU ? found() : withSwiftshader(found)).catch(error => {
  missing = String(error)
  return null
})
