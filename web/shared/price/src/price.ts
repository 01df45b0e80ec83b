/**
 * A price as it is shown: whether it adds up, and its rows in words.
 *
 * The server reckons prices; nothing here does. Amounts are whole fen. The words are those of the server's `locales`, written into
 * `words.json` by `make docs`.
 */

export type Language = 'zh-CN' | 'en'
export type Fact = string | number | readonly (string | number)[]

/** A sentence: what it is, and what to do about it (empty where nothing). */
export interface Sentence {
  readonly say: string
  readonly do: string
}

/** The sentences of each language by code. */
export type Words = Readonly<Record<Language, Readonly<Record<string, Sentence>>>>

/** A row of the explanation of a price, as the server sends it. */
export interface Row {
  readonly code: string
  readonly amount_fen?: number
  readonly facts?: Readonly<Record<string, Fact>>
  readonly rows?: readonly Row[]
}

/** A row in words. */
export interface Said {
  readonly say: string
  readonly do: string
  readonly amountFen: number | null
  readonly rows: readonly Said[]
}

/** What of a price is checked before it is shown. */
export interface Totals {
  readonly list_fen: number
  readonly due_fen: number
  readonly member_saving_fen: number
  readonly offer_fen?: number
  readonly coupon_fen: number
  readonly hand_fen?: number
  readonly points_fen: number
  readonly rounding_fen?: number
  readonly donation_fen?: number
  readonly fees?: readonly { readonly amount_fen: number; readonly waived_fen: number }[]
  readonly lines: readonly { readonly due_fen: number; readonly rounding_fen?: number }[]
}

const NAMED: readonly (readonly [string, string])[] = [
  ['offer_id', 'name'],
  ['sku_id', 'sku'],
  ['coupon_id', 'others'],
  ['offer_ids', 'others'],
  ['dish_ids', 'dishes'],
  ['levels', 'levels'],
]
const COMMA: Readonly<Record<Language, string>> = { 'zh-CN': '、', en: ', ' }
const PLACE = /\{(\w+)(?::(\w+))?\}/g

/** Writes fen as yuan with two decimals: 1250 is ¥12.50. */
export function yuan(fen: number): string {
  const whole = Math.abs(fen)
  return `¥${fen < 0 ? '-' : ''}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`
}

/** Tells what does not add up in a price and its explanation; empty where everything does. */
export function faults(price: Totals, explained: Row): string[] {
  const found: string[] = []
  const fees = sum((price.fees ?? []).map((fee) => fee.amount_fen - fee.waived_fen))
  const saved = price.member_saving_fen + (price.offer_fen ?? 0) + price.coupon_fen + (price.hand_fen ?? 0) + price.points_fen
  const goods = price.list_fen - saved
  const rounding = price.rounding_fen ?? 0
  if (goods + fees - rounding + (price.donation_fen ?? 0) !== price.due_fen) found.push('due')
  if (sum(price.lines.map((line) => line.due_fen + (line.rounding_fen ?? 0))) !== goods) found.push('lines')
  if (sum((explained.rows ?? []).map((row) => row.amount_fen ?? 0)) !== price.due_fen) found.push('rows')
  if (explained.amount_fen !== price.due_fen) found.push('price')
  for (const row of explained.rows ?? []) {
    const below = (row.rows ?? []).filter((each) => each.amount_fen !== undefined)
    if (below.length > 0 && sum(below.map((each) => each.amount_fen ?? 0)) !== row.amount_fen) found.push(row.code)
  }
  return found
}

/** Puts a row and those below it into words; `names` says what ids are called, an id that it lacks stays as it is. */
export function inWords(row: Row, language: Language, words: Words, names: Readonly<Record<string, string>>): Said {
  const facts: Record<string, Fact> = { ...row.facts }
  for (const [key, under] of NAMED) {
    const ids = facts[key]
    if (ids === undefined) continue
    const called = isList(ids) ? ids.map((id) => names[String(id)] ?? id) : (names[String(ids)] ?? ids)
    facts[under] = isList(called) && called.length === 0 ? sentence('pricing.any_dish', language, words).say : called
  }
  if (row.amount_fen !== undefined) facts['amount_fen'] = row.amount_fen
  const said = sentence(`pricing.row.${row.code}`, language, words)
  return {
    say: fill(said.say, facts, language, words),
    do: fill(said.do, facts, language, words),
    amountFen: row.amount_fen ?? null,
    rows: (row.rows ?? []).map((each) => inWords(each, language, words, names)),
  }
}

function sentence(code: string, language: Language, words: Words): Sentence {
  return words[language][code] ?? { say: code, do: '' }
}

function fill(text: string, facts: Readonly<Record<string, Fact>>, language: Language, words: Words): string {
  return text.replace(PLACE, (_, key: string, form: string | undefined) => {
    const fact = facts[key]
    if (fact === undefined) return `{${key}}`
    if (form === 'yuan' && typeof fact === 'number') return yuan(fact)
    const called = (isList(fact) ? fact : [fact]).map((each) => shown(each, form, language, words))
    return called.join(COMMA[language])
  })
}

/** Writes an instant on the clock that it was told by, and calls a word of the program what the language calls it. */
function shown(fact: string | number, form: string | undefined, language: Language, words: Words): string {
  if (form === 'minute') return `${String(fact).slice(0, 10)} ${String(fact).slice(11, 16)}`
  return words[language][`word.${form}.${fact}`]?.say ?? String(fact)
}

function isList(fact: Fact | undefined): fact is readonly (string | number)[] {
  return Array.isArray(fact)
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, each) => total + each, 0)
}
