// Tests that need a GPU: skipped, and said so, where there is none.
import { describe } from 'vitest'
import type { Device } from '../src/backend/webgpu/device.ts'
import { here, missing } from './swiftshader.ts'

if (!here) console.warn(`skipped: WebGPU does not run here: ${missing}`)
/** Tests that need a GPU. */
export const describeGpu = (name: string, tests: (device: () => Device) => void): void => {
  describe.skipIf(!here)(name, () => tests(() => here?.device as Device))
}
