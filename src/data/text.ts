// Text for models of characters: characters as numbers, and what follows what.
import { described, integer, list, options } from '../engine/argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../engine/errors.ts'
import { created, tensor } from '../engine/ops/create.ts'
import { integers } from '../engine/ops/kind.ts'
import { reshape } from '../engine/ops/linear.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Dataset } from './dataset.ts'

/** A character as errors show it: also one that cannot be seen has a number. */
const shownCharacter = (c: string): string =>
  `${JSON.stringify(c)} (U+${(c.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')})`

function string(op: string, what: string, x: string): string {
  if (typeof x !== 'string') throw new ArgumentError(`${op}: ${what} is a string, not ${described(x)}`)
  return x
}

/**
 * Characters (Unicode code points) and their numbers, 0 to size-1 in the order given. To save one, save `characters`.
 *
 * @throws ArgumentError when there are no characters, one comes twice, or is none
 * @example
 * const vocabulary = data.CharVocabulary.of('hello')
 * vocabulary.encode('hole') // [1, 3, 2, 0]
 * vocabulary.decode([1, 3, 2, 0]) // hole
 */
export class CharVocabulary {
  readonly characters: readonly string[]
  readonly #codes: ReadonlyMap<string, number>

  constructor(characters: Iterable<string>) {
    this.characters = [...characters]
    if (this.characters.length === 0) throw new ArgumentError('CharVocabulary: there are no characters')
    this.#codes = new Map(this.characters.map((c, i) => [c, i]))
    for (const c of this.characters)
      if (typeof c !== 'string' || [...c].length !== 1)
        throw new ArgumentError(`CharVocabulary: its elements are single characters, not ${described(c)}`)
    if (this.#codes.size < this.characters.length) {
      const twice = this.characters.find((c, i) => this.#codes.get(c) !== i) as string
      throw new ArgumentError(`CharVocabulary: ${shownCharacter(twice)} comes twice`)
    }
  }

  /** The characters that occur in the texts, in the order of their code points. */
  static of(...texts: readonly string[]): CharVocabulary {
    const found = new Set<string>()
    for (const text of texts) for (const c of string('CharVocabulary.of', 'a text', text)) found.add(c)
    return new CharVocabulary([...found].sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number)))
  }

  get size(): number {
    return this.characters.length
  }
  has(character: string): boolean {
    return this.#codes.has(character)
  }

  /**
   * A text as the numbers of its characters: [n], int32.
   * @throws ArgumentError naming the first character that is not in the vocabulary, and its position
   */
  encode(text: string): Tensor {
    const codes: number[] = []
    for (const c of string('CharVocabulary.encode', 'the text', text)) {
      const code = this.#codes.get(c)
      if (code === undefined)
        throw new ArgumentError(
          `CharVocabulary.encode: ${shownCharacter(c)} at position ${codes.length} is none of the ${this.size} characters known`,
        )
      codes.push(code)
    }
    return tensor(codes, { dtype: 'int32' })
  }

  /**
   * Numbers, [n] or a list, as the text they stand for.
   * @throws IndexError naming the first number that is no character's, and its position
   */
  decode(codes: Tensor | readonly number[]): string {
    const numbers = codes instanceof Tensor ? vector('CharVocabulary.decode', codes).data : codes
    if (!(codes instanceof Tensor)) list('CharVocabulary.decode', 'codes', codes)
    return Array.from(numbers, (code, i) => {
      if (!(code in this.characters))
        throw new IndexError(
          `CharVocabulary.decode: ${described(code)} at position ${i} is no character, they are 0 to ${this.size - 1}`,
        )
      return this.characters[code]
    }).join('')
  }
}

/** @throws ShapeError when x is not [n], DtypeError when it does not hold whole numbers */
function vector(op: string, x: Tensor): Tensor {
  if (integers(op, x).ndim !== 1) throw new ShapeError(`${op}: codes are a list [n], not ${show(x.shape)}`)
  return x
}

export interface BlocksOptions {
  /** How many codes further the next block begins, at least 1. */
  readonly stride?: number
}

/**
 * All blocks of a text, for models that learn every next character at once: sample i is `[x, y]`, both [block], int32; x
 * begins at code `i · stride`, and y is one further. `codes` [n], n > block. A batch is cut out of the text when it is
 * asked for, so that blocks may overlap (`stride` is 1) and take no memory.
 *
 * @throws ShapeError when the text is not longer than a block; ArgumentError when block or stride is not at least 1
 * @example
 * const text = tensor([0, 1, 2, 3, 4], { dtype: 'int32' })
 * new data.BlockDataset(text, 3).all() // [ [[0, 1, 2], [1, 2, 3]], [[1, 2, 3], [2, 3, 4]] ]
 */
export class BlockDataset extends Dataset<Tensor[], Tensor[]> {
  readonly length: number
  readonly block: number
  readonly stride: number
  readonly #codes: Tensor

  constructor(codes: Tensor, block: number, given: BlocksOptions = {}) {
    super()
    const name = 'BlockDataset'
    this.#codes = vector(name, codes)
    this.block = integer(name, 'block', block, 1)
    this.stride = integer(name, 'stride', options(name, given, ['stride']).stride ?? 1, 1)
    if (codes.numel <= block)
      throw new ShapeError(
        `${name}: a block of ${block} and the code after it need ${block + 1} codes, there are ${codes.numel}`,
      )
    this.length = Math.floor((codes.numel - 1 - block) / this.stride) + 1
  }

  get(i: number): Tensor[] {
    return this.batch([i]).map(x => reshape(x, [this.block]))
  }
  override batch(indices: readonly number[]): Tensor[] {
    const { data } = this.#codes
    return [0, 1].map(shift => {
      const out = new Int32Array(indices.length * this.block)
      indices.forEach((i, row) => {
        if (integer('BlockDataset', 'the index', i) < 0 || i >= this.length)
          throw new IndexError(`BlockDataset: there is no block ${i}, they are 0 to ${this.length - 1}`)
        const start = i * this.stride + shift
        for (let k = 0; k < this.block; k++) out[row * this.block + k] = data[start + k]
      })
      return created('BlockDataset', { dtype: 'int32', shape: [indices.length, this.block], data: out })
    })
  }
}

/**
 * A text in blocks: `codes [n] -> { x: [m, block], y: [m, block] }`, int32, y one code further than x. Blocks follow one
 * another (`stride` is `block`); what is left at the end is dropped.
 *
 * @throws ShapeError when the text is not longer than a block; ArgumentError when block or stride is not at least 1
 * @example
 * data.charBlocks(tensor([0, 1, 2, 3, 4], { dtype: 'int32' }), 2) // { x: [[0, 1], [2, 3]], y: [[1, 2], [3, 4]] }
 */
export function charBlocks(codes: Tensor, block: number, given: BlocksOptions = {}): { x: Tensor; y: Tensor } {
  const [x, y] = new BlockDataset(codes, block, { stride: block, ...given }).all()
  return { x, y }
}

export interface NamesOptions {
  /** The character that begins and ends each name ('.'). */
  readonly boundary?: string
  /** Whose numbers to use, instead of those of a new one: the boundary first, then the characters of the names. */
  readonly vocabulary?: CharVocabulary
}

/**
 * Names, each as its characters after what comes before them: `x [m, block]`, `y [m]`, int32. A name of length k gives
 * k + 1 rows, the last of them saying that it ends; before its beginning stands the boundary.
 *
 * Y. Bengio, R. Ducharme, P. Vincent and C. Jauvin, "A neural probabilistic language model", 2003, with characters for
 * words.
 *
 * @throws ArgumentError when there are no names, one holds the boundary, or a character that is not in the vocabulary
 * @example
 * data.nextCharacters(['ab'], 2).x // [[0, 0], [0, 1], [1, 2]]
 * data.nextCharacters(['ab'], 2).y // [1, 2, 0]
 */
export function nextCharacters(
  names: readonly string[],
  block: number,
  given: NamesOptions = {},
): { x: Tensor; y: Tensor; vocabulary: CharVocabulary } {
  const op = 'nextCharacters'
  const { boundary = '.', vocabulary: known } = options(op, given, ['boundary', 'vocabulary'])
  integer(op, 'block', block, 1)
  if (list(op, 'names', names).length === 0) throw new ArgumentError(`${op}: there are no names`)
  names.forEach((name, i) => {
    if (string(op, 'a name', name).includes(boundary))
      throw new ArgumentError(
        `${op}: name ${i} ('${name}') holds the boundary '${boundary}'. Choose another boundary that no name has`,
      )
  })
  const vocabulary =
    known ??
    new CharVocabulary([boundary, ...CharVocabulary.of(...names, boundary).characters.filter(c => c !== boundary)])
  const [edge] = vocabulary.encode(boundary).data
  const [contexts, next]: number[][] = [[], []]
  for (const name of names) {
    const codes = [...new Array<number>(block).fill(edge), ...vocabulary.encode(name).data, edge]
    for (let at = block; at < codes.length; at++) {
      for (let k = at - block; k < at; k++) contexts.push(codes[k])
      next.push(codes[at])
    }
  }
  const x = tensor(Int32Array.from(contexts))
  return { x: reshape(x, [next.length, block]), y: tensor(Int32Array.from(next)), vocabulary }
}
