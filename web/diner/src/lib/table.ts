/** The code of a table, as it is printed, typed or read out of its QR. */

const CODE = /^[0-9A-HJ-NP-Z]{16}$/

/** Returns the code in what was scanned or typed: the code itself, with spaces, or an address that ends with it. */
export function codeIn(text: string): string | null {
  const asked = text.trim()
  const last = /(?:[?&#/](?:code=)?)([0-9A-Za-z-]{16,19})\/?$/.exec(asked)?.[1] ?? asked
  const code = last.replace(/[\s-]/g, '').toUpperCase()
  return CODE.test(code) ? code : null
}
