import { speaker } from '@/lib/words'

const of = <K extends string>(words: Record<K, readonly [string, string]>): Record<K, readonly [string, string]> => words

/** The words of the frame; each page has its own beside it. */
export const FRAME = of({
  console: ['总部', 'Head office'],
  menu: ['菜单', 'Menu'],
  menu_open: ['打开菜单', 'Open the menu'],
  group_business: ['经营', 'Business'],
  group_members: ['会员', 'Members'],
  group_stores: ['门店', 'Stores'],
  group_house: ['系统', 'The house'],
  page_stores: ['门店', 'Stores'],
  page_terminals: ['终端', 'Terminals'],

  all_stores: ['全部门店', 'All stores'],
  store: ['门店', 'Store'],
  day: ['营业日', 'Trading day'],
  today: ['今天', 'Today'],
  crumbs: ['所在位置', 'Where you are'],
  find_page: ['查找页面', 'Find a page'],
  find_hint: ['输入页面名，中文英文都行', 'Type the name of a page'],
  find_none: ['没有这样的页面', 'No such page'],
  keys_hint: ['↑↓ 选择 · Enter 打开 · Esc 关闭', '↑↓ choose · Enter open · Esc close'],
  me: ['我的账号', 'My account'],
  to_till: ['去收银台', 'To the till'],
  to_settings: ['设置', 'Settings'],
  sign_out: ['退出登录', 'Sign out'],
  no_page: ['没有这个页面', 'There is no such page'],
  no_page_more: ['地址可能写错了，或页面已经移走。', 'The address may be mistyped, or the page has moved.'],
  no_right_here: ['在“{store}”没有权限', 'Not allowed at “{store}”'],
  no_right_more: ['你的角色在这里不能使用这个页面。换一家门店，或请总部调整你的角色。', 'Your role cannot use this page here. Choose another store, or ask the head office for another role.'],

  // lists
  search: ['搜索', 'Search'],
  filters: ['筛选', 'Filters'],
  clear_filters: ['清除筛选', 'Clear the filters'],
  none_found: ['没有符合条件的结果', 'Nothing matches'],
  none_found_more: ['放宽条件，或清除筛选再试。', 'Widen the search, or clear the filters.'],
  none_yet: ['这里还什么都没有', 'There is nothing here yet'],
  loading_list: ['正在加载列表', 'Loading the list'],
  page_before: ['上一页', 'Previous'],
  page_after: ['下一页', 'Next'],
  page_first: ['回到第一页', 'First page'],
  rows_shown: ['本页 {n} 条', '{n} on this page'],
  rows_of: ['本页 {n} 条，共 {total} 条', '{n} of {total}'],
  sort_by: ['按“{column}”排序', 'Sort by {column}'],
  sorting: ['排序', 'Sort by'],
  refresh: ['刷新', 'Refresh'],
  open: ['打开', 'Open'],

  // forms
  save: ['保存', 'Save'],
  saved: ['已保存', 'Saved'],
  discard: ['放弃修改', 'Discard'],
  cancel: ['取消', 'Cancel'],
  unsaved: ['修改还没有保存', 'Your changes are not saved'],
  unsaved_more: ['离开后这些修改会丢失。', 'They will be lost when you leave.'],
  leave: ['放弃并离开', 'Leave without saving'],
  stay: ['留在这里', 'Stay'],
  undo: ['撤销', 'Undo'],
  reason: ['原因', 'Reason'],
  reason_hint: ['会写进审计日志', 'It is written to the audit log'],
  not_wanted: ['不用改', 'Leave as it is'],
  change: ['修改', 'Change'],
  more: ['更多', 'More'],
  yes: ['是', 'Yes'],
  no: ['否', 'No'],
  none: ['无', 'None'],
})
export type FrameWord = keyof typeof FRAME

export const say = speaker(FRAME)
