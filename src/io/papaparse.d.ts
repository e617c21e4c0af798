// papaparse, as far as gradus/csv uses it: the published types would bring Node's into what also runs in a browser.
declare module 'papaparse' {
  interface ParseError {
    readonly type: string
    readonly code: string
    readonly message: string
    readonly row?: number
  }
  interface Papa {
    parse(
      text: string,
      config: { delimiter: string; newline: string; quoteChar: string },
    ): { readonly data: readonly (readonly string[])[]; readonly errors: readonly ParseError[] }
  }
  const papa: Papa

  export = papa
}
