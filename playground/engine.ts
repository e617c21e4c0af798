// The library with its code generation off: imported before anything else, by the page and by each worker, because the page's policy allows no code from strings.
import { codegen } from '../src/index.ts'

codegen(false)
