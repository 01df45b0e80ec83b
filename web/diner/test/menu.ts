/** A small menu: a plain dish, one with sizes and options, a set meal, and one that is sold out. */
import type { Dish, Menu } from '@/api/shapes'

const dish = (id: string, name: string, more: Partial<Dish> = {}): Dish => ({
  id,
  kind: 'dish',
  name,
  description: '',
  pictures: [],
  tags: [],
  allergens: [],
  spice: 0,
  calories_kcal: null,
  prep_minutes: 8,
  sold_out: false,
  skus: [{ id: `${id}-1`, name: '', list_fen: 5800, member_fen: 5200, reference_fen: null, sold_out: false }],
  groups: [],
  slots: [],
  ...more,
})

export const pork = dish('pork', '红烧肉', { tags: ['招牌'] })
export const noodles = dish('noodles', '红烧牛肉面', {
  skus: [
    { id: 'n-s', name: '标准', list_fen: 3200, member_fen: null, reference_fen: null, sold_out: false },
    { id: 'n-l', name: '大碗', list_fen: 3900, member_fen: 3500, reference_fen: null, sold_out: false },
  ],
  groups: [
    { id: 'heat', name: '辣度', min_picks: 1, max_picks: 1, options: [{ id: 'mild', name: '微辣', price_fen: 0 }, { id: 'hot', name: '重辣', price_fen: 0 }] },
    { id: 'more', name: '加料', min_picks: 0, max_picks: 2, options: ['egg', 'greens', 'beef'].map((id) => ({ id, name: id, price_fen: 300 })) },
  ],
})
export const family = dish('family', '儿童套餐', {
  kind: 'set',
  slots: [
    { id: 'main', name: '主食', choices: [{ sku_id: 'rice', name: '炒饭', qty: 1, extra_fen: 0, sold_out: true }, { sku_id: 'rib', name: '排骨', qty: 1, extra_fen: 600, sold_out: false }] },
    { id: 'drink', name: '饮品', choices: [{ sku_id: 'milk', name: '豆浆', qty: 1, extra_fen: 0, sold_out: false }] },
  ],
})
export const fish = dish('fish', '清蒸鲈鱼', { sold_out: true, tags: ['时令'] })
export const cucumber = dish('cucumber', '拍黄瓜', { tags: ['素'] })

export const menu: Menu = {
  store_id: 's',
  store_name: '虹桥店',
  licence: '',
  open_now: true,
  categories: [
    { id: 'top', name: '热销', periods: [], open_now: true, dishes: [pork, noodles] },
    { id: 'set', name: '套餐', periods: [], open_now: true, dishes: [family] },
    { id: 'cold', name: '凉菜', periods: [], open_now: false, dishes: [cucumber] },
    { id: 'fish', name: '鱼', periods: [], open_now: true, dishes: [fish] },
  ],
}
