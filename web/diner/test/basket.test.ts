import { describe, expect, test } from 'vitest'
import { again, changed, choices, firstPick, LINES_MAX, missing, pieces, plainPick, QTY_MAX, shown, toggled, unitFen, type Line, type Pick } from '@/lib/basket'
import { family, fish, menu, noodles, pork } from './menu'

const plain = (sku_id: string): Pick => ({ sku_id, options: [], parts: [], note: '' })

describe('the cart', () => {
  test('adds up what is the same and keeps apart what is not', () => {
    let lines: Line[] = []
    lines = changed(lines, 'pork', plain('pork-1'), 1)
    lines = changed(lines, 'pork', plain('pork-1'), 2)
    lines = changed(lines, 'noodles', { ...plain('n-l'), options: ['egg', 'mild'] }, 1)
    lines = changed(lines, 'noodles', { ...plain('n-l'), options: ['mild', 'egg'] }, 1)
    lines = changed(lines, 'noodles', { ...plain('n-l'), options: ['mild'], note: '不要葱' }, 1)
    expect(lines.map((line) => [line.dish_id, line.qty])).toEqual([['pork', 3], ['noodles', 2], ['noodles', 1]])
    expect(pieces(lines)).toBe(6)
  })

  test('loses a line with its last piece, and holds its limits', () => {
    const one = changed([], 'pork', plain('pork-1'), 1)
    expect(changed(one, 'pork', plain('pork-1'), -5)).toEqual([])
    expect(changed(one, 'pork', plain('pork-1'), 5000)[0]?.qty).toBe(QTY_MAX)
    const full = Array.from({ length: LINES_MAX }, (_, n) => n).reduce<Line[]>((lines, n) => changed(lines, 'd', plain(`s${n}`), 1), [])
    expect(changed(full, 'd', plain('one-too-many'), 1)).toHaveLength(LINES_MAX)
  })

  test('sends only what was picked', () => {
    expect(choices(changed([], 'pork', plain('pork-1'), 2))).toEqual([{ sku_id: 'pork-1', qty: 2 }])
  })

  test('shows a dish that left the menu as gone, and one with a part sold out too', () => {
    const lines = [...changed([], 'lost', plain('x'), 1), ...changed([], 'family', { ...plain('family-1'), parts: [{ slot_id: 'main', sku_id: 'rice' }] }, 1)]
    expect(shown(lines, menu, false).map((row) => row.gone)).toEqual([true, true])
    expect(shown(lines, null, false).map((row) => row.gone)).toEqual([false, false])
  })
})

describe('a pick', () => {
  test('costs what the menu says: size, options, extras, and the price for members', () => {
    const pick = { sku_id: 'n-l', options: ['egg', 'beef'], parts: [], note: '' }
    expect(unitFen(noodles, pick, false)).toBe(4500)
    expect(unitFen(noodles, pick, true)).toBe(4100)
    expect(unitFen(family, { ...plain('family-1'), parts: [{ slot_id: 'main', sku_id: 'rib' }] }, false)).toBe(6400)
  })

  test('begins with what can be had', () => {
    expect(firstPick(family).parts).toEqual([{ slot_id: 'main', sku_id: 'rib' }, { slot_id: 'drink', sku_id: 'milk' }])
    expect(plainPick(pork)?.sku_id).toBe('pork-1')
    expect([plainPick(noodles), plainPick(family)]).toEqual([null, null])
  })

  test('takes one option in place of the other, and never too many', () => {
    expect(toggled(noodles, ['mild'], 'heat', 'hot')).toEqual(['hot'])
    expect(toggled(noodles, ['egg', 'greens'], 'more', 'beef')).toEqual(['egg', 'greens'])
    expect(toggled(noodles, ['egg'], 'more', 'egg')).toEqual([])
    expect(missing(noodles, plain('n-s'))).toEqual(['辣度'])
  })
})

test('an old order comes again as far as the menu has it', () => {
  const old = [
    { name: '红烧肉', choice: { sku_id: 'pork-1', qty: 2 } },
    { name: '清蒸鲈鱼', choice: { sku_id: 'fish-1', qty: 1 } },
    { name: '牛肉面', choice: { sku_id: 'n-s', qty: 1 } },
    { name: '别的', choice: { sku_id: 'unheard-of', qty: 1 } },
  ]
  const { lines, lacking } = again(old, menu)
  expect(lines.map((line) => [line.dish_id, line.qty])).toEqual([['pork', 2]])
  expect(lacking).toEqual([fish.name, '牛肉面', '别的'])
})
