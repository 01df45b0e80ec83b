import type { Answer } from '@/api/client'
import { newId } from '@/lib/ids'
import { yuan } from '@/lib/money'
import { language, speaker } from '@/lib/words'
import { NO_CONDITIONS, type Conditions } from './offers'

export type Template = Answer<'/v1/coupon-templates/{template_id}', 'get'>
export type Campaign = Answer<'/v1/coupon-campaigns/{campaign_id}', 'get'>
export type Batch = Answer<'/v1/coupon-batches/{batch_id}', 'get'>
export type Held = Answer<'/v1/members/{member_id}/coupons', 'get'>['coupons'][number]
export const KINDS = ['cash', 'percent', 'exchange', 'gift', 'free_delivery'] as const
export type Kind = (typeof KINDS)[number]

/** What a template says, every field of it, as the form holds it and the server takes it. */
export interface TemplateTerms {
  name: string
  name_en: string
  kind: Kind
  value: number
  threshold_fen: number
  cap_fen: number | null
  dish_ids: string[]
  store_ids: string[]
  channels: string[]
  valid_from_at: string | null
  valid_to_at: string | null
  valid_days: number | null
  valid_hours: number | null
  starts: 'issue' | 'next_day'
  conditions: Conditions
  sku_id: string | null
  groups: string[]
  stacks_with: string[] | null
  share_group: string
  share_max: number
  budget_count: number | null
  budget_fen: number | null
  store_budgets: { store_id: string; budget_count: number | null; budget_fen: number | null }[]
  limit_each: number
  limit_day: number | null
  claimable: boolean
  gives_max: number
  give_hours: number
  cost_centre: 'brand' | 'store' | 'partner'
  partner: string
  comes_back: boolean
  grace_days: number
  refund_policy: 'threshold_kept' | 'threshold_lost' | null
  on_event: 'member_joined' | null
}

const NEW: TemplateTerms = {
  name: '', name_en: '', kind: 'cash', value: 500, threshold_fen: 3000, cap_fen: null, dish_ids: [], store_ids: [], channels: [], valid_from_at: null, valid_to_at: null, valid_days: 30, valid_hours: null, starts: 'issue',
  conditions: NO_CONDITIONS, sku_id: null, groups: [], stacks_with: null, share_group: '', share_max: 1, budget_count: null, budget_fen: null, store_budgets: [], limit_each: 1, limit_day: null, claimable: false,
  gives_max: 0, give_hours: 72, cost_centre: 'brand', partner: '', comes_back: true, grace_days: 7, refund_policy: null, on_event: null,
}

/** Returns the terms of a template as a form takes them; of one that nobody has made yet for null. */
export function termsOf(template: Template | null): TemplateTerms {
  const from = (template ?? NEW) as unknown as Record<string, unknown>
  return structuredClone(Object.fromEntries(Object.keys(NEW).map((name) => [name, from[name]]))) as unknown as TemplateTerms
}
export const newTemplate = (): { id: string; terms: TemplateTerms } => ({ id: newId(), terms: termsOf(null) })
export const called = (each: { name: string; name_en: string }): string => (language.value === 'en' && each.name_en) || each.name

/** Says what a coupon is worth. */
export function worth(each: { kind: string; value: number; threshold_fen: number; cap_fen: number | null }): string {
  const from = each.threshold_fen ? cou('from', { yuan: yuan(each.threshold_fen) }) : ''
  const facts = { yuan: yuan(each.value), n: each.value, percent: each.value / 100 }
  const cap = each.cap_fen !== null && each.kind !== 'cash' ? cou('capped', { yuan: yuan(each.cap_fen) }) : ''
  return [cou(`worth_${each.kind as Kind}`, facts), from, cap].filter(Boolean).join(cou('comma'))
}

/** The words of coupons: templates, campaigns, codes, and those of a member. */
const WORDS = {
  more: ['券模板：值多少、怎么用、多久有效、预算多少、谁承担成本。', 'Templates: what a coupon is worth, where it is good, for how long, within which budget, at whose cost.'],
  find: ['券名称', 'Name'],
  none: ['还没有券模板', 'There are no templates yet'],
  make: ['新建券模板', 'New template'],
  gone: ['没有这个券模板。', 'There is no such template.'],
  name: ['名称', 'Name'],
  name_en: ['英文名', 'Name in English'],
  state: ['状态', 'State'],
  state_all: ['全部状态', 'Any state'],
  open: ['发放中', 'Open'],
  closed: ['已停发', 'Stopped'],
  kind: ['类型', 'Kind'],
  kind_cash: ['代金券', 'Money off'],
  kind_percent: ['折扣券', 'Percent off'],
  kind_exchange: ['兑换券', 'A dish free'],
  kind_gift: ['赠品券', 'Gift'],
  kind_free_delivery: ['免配送费券', 'Free delivery'],
  worth: ['面值', 'Worth'],
  worth_cash: ['减 {yuan}', '{yuan} off'],
  worth_percent: ['减 {percent}%', '{percent}% off'],
  worth_exchange: ['免 {n} 件', '{n} pieces free'],
  worth_gift: ['送 {n} 件', '{n} pieces given'],
  worth_free_delivery: ['配送费最多免 {yuan}', 'delivery free up to {yuan}'],
  from: ['满 {yuan}', 'from {yuan}'],
  capped: ['最多 {yuan}', 'at most {yuan}'],
  comma: ['，', ', '],
  issued: ['已发', 'Issued'],
  left: ['剩余', 'Left'],
  made: ['创建', 'Made'],
  budget: ['预算', 'Budget'],

  value_box: ['值多少', 'What it is worth'],
  value_cash: ['减多少', 'Off'],
  value_percent: ['减百分之几', 'Percent off'],
  value_exchange: ['免几件', 'Pieces free'],
  value_gift: ['送几件', 'Pieces given'],
  value_free_delivery: ['最多免多少', 'Waived, at most'],
  cap: ['最多抵多少', 'At most'],
  threshold: ['满多少可用', 'From'],
  sku: ['赠送', 'What is given'],
  dishes: ['适用菜品', 'Dishes'],
  valid_box: ['多久有效', 'For how long'],
  valid_from: ['最早可用', 'Good from'],
  valid_to: ['最晚可用（不含）', 'Good until before'],
  valid_days: ['领取后几天', 'Days from the issue'],
  valid_hours: ['或领取后几小时', 'Or hours from it'],
  starts: ['从什么时候算起', 'Counted from'],
  starts_issue: ['领取时', 'the issue'],
  starts_next_day: ['下一个营业日', 'the next trading day'],
  where_box: ['在哪里、什么时候可用', 'Where and when it is good'],
  beside_box: ['和别的优惠怎么叠加', 'Beside other offers'],
  share_group: ['共用组', 'Share group'],
  share_max: ['同组一单最多几张', 'Of it on an order, at most'],
  budget_box: ['预算与限量', 'Budgets and limits'],
  budget_count: ['最多发几张', 'Coupons, at most'],
  budget_fen: ['最多花多少', 'Cost, at most'],
  limit_each: ['每人最多', 'Each member, at most'],
  limit_day: ['每人每天最多', 'Each member a day, at most'],
  store_budgets: ['按门店的预算', 'Budgets of stores'],
  store_add: ['加一家门店', 'Add a store'],
  store_away: ['删除这家门店', 'Remove this store'],
  used_at: ['已用 {n} 张 · {yuan}', '{n} used, {yuan}'],
  cost_box: ['成本、转赠与退还', 'Cost, giving on, coming back'],
  cost_centre: ['成本归属', 'Cost centre'],
  cost_brand: ['品牌', 'The brand'],
  cost_store: ['门店', 'The store'],
  cost_partner: ['合作方', 'A partner'],
  partner: ['合作方名称', 'Name of the partner'],
  claimable: ['会员可以自己领取', 'Members may claim it'],
  on_joined: ['新会员自动发放', 'Given to each new member'],
  comes_back: ['整单退款后退回', 'Comes back after a full refund'],
  grace_days: ['退回后至少有效', 'Good at least, once it came back'],
  gives_max: ['可转赠几次', 'May be given on'],
  give_hours: ['转赠多久内领取', 'To be taken within'],
  coupons_unit: ['张', 'coupons'],
  times_unit: ['次', 'times'],
  hours_unit: ['小时', 'hours'],

  no_edit: ['你的角色只能查看券模板。', 'Your role can only look at templates.'],
  saved: ['已保存', 'Saved'],
  reason_title: ['为什么改？', 'Why is it changed?'],
  stop: ['停止发放', 'Stop issuing'],
  stop_more: ['已经发出去的券仍然可用。', 'Coupons that people have stay good.'],
  start: ['恢复发放', 'Issue again'],
  numbers: ['去了哪里', 'What became of them'],
  n_issued: ['发出', 'Issued'],
  n_usable: ['在会员手里可用', 'Usable'],
  n_offered: ['转赠中', 'On their way'],
  n_held: ['被订单占用', 'Held by orders'],
  n_redeemed: ['已核销', 'Redeemed'],
  n_rate: ['核销率', 'Rate'],
  n_expired: ['已过期', 'Expired'],
  n_revoked: ['已作废', 'Revoked'],
  n_cost: ['最多会花', 'Could cost at most'],
  n_saved: ['已让利', 'Cost so far'],
  n_orders: ['用券订单', 'Orders with it'],
  n_paid: ['带来实付', 'Paid with it'],
  no_limit: ['不限', 'No limit'],

  campaigns_more: ['把一种券发给一群会员：可以随时暂停，断了会接着发，不会重复发。', 'A coupon for each member of a crowd: paused and gone on with at any time, nobody is given two.'],
  campaigns_none: ['还没有发券任务', 'There are no campaigns yet'],
  campaign_make: ['新建发券任务', 'New campaign'],
  campaign_name: ['任务名称', 'Name'],
  template: ['发哪种券', 'Which coupon'],
  audience: ['发给谁', 'For whom'],
  audience_all: ['全部会员', 'All members'],
  audience_level: ['某个等级', 'A level'],
  audience_list: ['指定名单', 'A list'],
  level: ['等级', 'Level'],
  list: ['会员编号，一行一个', 'Ids of members, one a line'],
  list_wrong: ['第 {n} 行不是会员编号', 'Line {n} is no id of a member'],
  draft: ['未开始', 'Not begun'],
  running: ['发放中', 'Running'],
  paused: ['已暂停', 'Paused'],
  stopped: ['已终止', 'Stopped'],
  done: ['已完成', 'Done'],
  why_budget_spent: ['预算已用完', 'the budget is spent'],
  why_template_closed: ['券模板已停发或过期', 'the template is stopped or over'],
  progress: ['进度', 'Progress'],
  progress_is: ['已发 {n} 人', '{n} were given one'],
  passed: ['达到上限 {limited} · 冻结 {frozen} · 不存在 {unknown}', '{limited} at their limit, {frozen} frozen, {unknown} unknown'],
  go_running: ['开始发放', 'Begin'],
  go_resume: ['继续发放', 'Go on'],
  go_paused: ['暂停', 'Pause'],
  go_stopped: ['终止', 'Stop for good'],
  go_sure: ['{act}“{name}”？', '{act}: “{name}”?'],
  go_stopped_more: ['终止后不能再继续；已经发出的券仍然可用。', 'It cannot go on afterwards; coupons that were given stay good.'],
  changed: ['更新', 'Changed'],

  codes_more: ['成批生成不可猜的券码，交给印刷或合作方；谁下载过都有记录。', 'Codes that cannot be guessed, made in bulk for print or partners; who took them away is written down.'],
  codes_none: ['还没有券码', 'No codes were ordered yet'],
  codes_make: ['生成券码', 'Order codes'],
  codes_name: ['用途', 'What for'],
  codes_count: ['数量', 'How many'],
  codes_expire: ['最晚兑换（不含）', 'Redeemed before'],
  codes_made: ['已生成', 'Made'],
  codes_used: ['已兑换', 'Redeemed'],
  codes_making: ['生成中', 'Being made'],
  codes_ready: ['可下载', 'Ready'],
  codes_void: ['已作废', 'Void'],
  download: ['下载', 'Download'],
  download_sure: ['下载“{name}”的全部券码？', 'Download all codes of “{name}”?'],
  download_more: ['文件里的每个码都能换一张券，请妥善保管。这次下载会写进审计日志。', 'Each code in the file is worth a coupon: keep it safe. This download is written to the audit log.'],
  downloaded: ['下载好了', 'Downloaded'],
  void: ['作废', 'Void'],
  void_sure: ['作废“{name}”里还没兑换的券码？', 'Void the codes of “{name}” that nobody has redeemed?'],
  void_more: ['不能恢复；已经换成券的不受影响。', 'This cannot be undone; coupons that were made of codes stay.'],
  voided: ['没兑换的券码已作废', 'The codes that were left are void'],

  of_member: ['{name}的券', 'Coupons of {name}'],
  of_member_none: ['这位会员还没有券', 'This member has no coupons yet'],
  issue: ['发一张券', 'Give a coupon'],
  issued_done: ['已发放', 'It is given'],
  code: ['券码', 'Code'],
  valid: ['有效期', 'Good'],
  from_to: ['{from} 至 {to}', '{from} to {to}'],
  revoke: ['作废', 'Revoke'],
  revoke_sure: ['作废这张“{name}”？', 'Revoke this “{name}”?'],
  revoked: ['已作废', 'It is revoked'],
  order: ['订单', 'Order'],
  reason: ['原因', 'Reason'],
  saved_fen: ['已抵', 'Saved'],
} as const

export type CouponWord = keyof typeof WORDS
export const cou = speaker(WORDS)
export const couOr = (word: string, otherwise: string): string => (word in WORDS ? cou(word as CouponWord) : otherwise)
