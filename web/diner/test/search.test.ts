import { expect, test } from 'vitest'
import { search } from '@/lib/search'
import { cucumber, family, fish, noodles, pork } from './menu'

const all = [pork, noodles, family, fish, cucumber]
const found = (query: string) => search(all, query).map((dish) => dish.name)

test.each([
  ['烧', ['红烧肉', '红烧牛肉面']],
  ['hongshaorou', ['红烧肉']],
  ['hsr', ['红烧肉']],
  ['HSNRM', ['红烧牛肉面']],
  ['shaorou', ['红烧肉']],
  ['hong shao', ['红烧肉', '红烧牛肉面']],
  ['hongsr', ['红烧肉']],
  ['lu yu', ['清蒸鲈鱼']],
  ['tc', ['儿童套餐']],
  ['招牌', ['红烧肉']],
  ['xyz', []],
  ['<img src=x onerror=alert(1)>', []],
])('%s finds %j', (query, names) => expect(found(query)).toEqual(names))

test('nothing asked shows everything, in the order of the menu', () => expect(found('  ')).toHaveLength(5))

test('a long query does not take long', () => {
  const began = Date.now()
  search(Array.from({ length: 500 }, () => ({ name: '啊阿啊阿啊阿啊阿啊阿啊阿啊阿啊阿啊阿啊阿' })), 'a'.repeat(29) + 'b')
  expect(Date.now() - began).toBeLessThan(2000)
})
