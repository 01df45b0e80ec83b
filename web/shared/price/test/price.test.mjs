// The golden prices, shown: what Python says of each, TypeScript says too, in both languages.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { explain } from '../dist/explain.js'
import { faults, inWords, yuan } from '../dist/price.js'

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const words = read('../words.json')
const { names, cases } = read('../../../../tests/golden/prices.json')

const flat = (said, depth = 0) => [
  '  '.repeat(depth) + said.say + (said.do && ` (${said.do})`),
  ...said.rows.flatMap((row) => flat(row, depth + 1)),
]

test('there are golden prices', () => assert.ok(cases.length >= 60))

for (const each of cases) {
  test(`${each.name}: adds up`, () => assert.deepEqual(faults(each.priced, each.rows), []))
  test(`${each.name}: is explained as the server does`, () => assert.deepEqual(explain(each.priced), each.rows))
  for (const language of ['zh-CN', 'en']) {
    test(`${each.name}: ${language}`, () => {
      assert.deepEqual(flat(inWords(each.rows, language, words, names[language])), each.said[language])
    })
  }
}

test('a price that does not add up is found', () => {
  const [{ priced, rows }] = cases
  assert.deepEqual(faults({ ...priced, due_fen: priced.due_fen + 1 }, rows), ['due', 'rows', 'price'])
  assert.deepEqual(faults({ ...priced, lines: [] }, rows), ['lines'])
  const [list, ...rest] = rows.rows
  assert.deepEqual(faults(priced, { ...rows, rows: [{ ...list, rows: list.rows.slice(1) }, ...rest] }), ['list'])
})

test('fen are written as yuan', () => assert.deepEqual([0, 5, 1250, -1250].map(yuan), ['¥0.00', '¥0.05', '¥12.50', '¥-12.50']))
test('what has no words is not lost', () => {
  const said = inWords({ code: 'why_new', facts: { offer_id: 'x' } }, 'en', words, {})
  assert.equal(said.say, 'pricing.row.why_new')
})
