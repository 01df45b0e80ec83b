import { speaker } from '@/lib/words'

/** Words of the list of orders, 中文 and English side by side. */
export const w = speaker({
  find: ['单号 / 手机尾号 / 桌号 / 金额 / 菜名', 'Number, phone, table, yuan, dish'],
  feedback: ['顾客评价', 'What diners said'],
  sort: ['排序', 'Sort'],
  'sort_-placed_at': ['最新在前', 'Newest first'],
  sort_placed_at: ['最早在前', 'Oldest first'],
  'sort_-due_fen': ['金额高在前', 'Dearest first'],
  sort_due_fen: ['金额低在前', 'Cheapest first'],
})
