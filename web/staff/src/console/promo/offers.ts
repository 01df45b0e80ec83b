import { computed } from 'vue'
import type { Answer } from '@/api/client'
import { newId } from '@/lib/ids'
import { speaker } from '@/lib/words'

export type OfferView = Answer<'/v1/offers/{offer_id}', 'get'>
export type State = OfferView['state']
export type Stage = 'line' | 'order' | 'gift'

export interface Conditions {
  store_ids: string[]
  channels: string[]
  dayparts: { from_minute: number; to_minute: number }[]
  weekdays: number[]
  dates: { from_on: string; to_on: string }[]
  table_kinds: string[]
  members_only: boolean
  segment_ids: string[]
  levels: string[]
  first_order: boolean
  party_min: number | null
  party_max: number | null
  birthday: { days_before: number; days_after: number } | null
}

/** What an offer gives, by its kind; which fields it has is said in `KINDS`. */
export interface Benefit {
  kind: Kind
  [field: string]: unknown
}

/** What people say of an offer, every field of it, as the form holds it and the server takes it. */
export interface Terms {
  offer: {
    id: string
    name: string
    name_en: string
    lane: string
    benefit: Benefit
    conditions: Conditions
    groups: string[]
    stacks_with: string[] | null
    gives_way_to: string[]
    priority: number
    valid_from_at: string | null
    valid_to_at: string | null
    refund_policy: 'threshold_kept' | 'threshold_lost' | null
  }
  cost_centre: string
  budget_count: number | null
  budget_fen: number | null
  limit_each: number | null
}

export interface Field {
  readonly name: string
  readonly word: OfferWord
  readonly as: 'dishes' | 'count' | 'yuan' | 'percent' | 'sku' | 'text' | 'tiers' | 'parts'
  readonly optional?: boolean
}
export const KINDS = {
  spend_and_save: { stage: 'order', start: { tiers: [{ threshold_fen: 5000, off_fen: 500 }], times: 1, dish_ids: [] }, fields: [f('tiers', 'tiers'), f('times', 'count'), f('dish_ids', 'dishes')] },
  percent_off: { stage: 'order', start: { off_bp: 1000, cap_fen: null, threshold_fen: 0, dish_ids: [] }, fields: [f('off_bp', 'percent'), f('threshold_fen', 'yuan'), f('cap_fen', 'yuan', true), f('dish_ids', 'dishes')] },
  free_delivery: { stage: 'order', start: { threshold_fen: 0, cap_fen: null }, fields: [f('threshold_fen', 'yuan'), f('cap_fen', 'yuan', true)] },
  unit_price: { stage: 'line', start: { dish_ids: [], price_fen: 1000 }, fields: [f('dish_ids', 'dishes'), f('price_fen', 'yuan')] },
  unit_percent: { stage: 'line', start: { off_bp: 1000, dish_ids: [] }, fields: [f('off_bp', 'percent'), f('dish_ids', 'dishes')] },
  nth_item: { stage: 'line', start: { n: 2, off_bp: 5000, dish_ids: [], times: 999 }, fields: [f('n', 'count'), f('off_bp', 'percent'), f('dish_ids', 'dishes'), f('times', 'count')] },
  buy_get: { stage: 'line', start: { buy: 2, get: 1, off_bp: 10000, dish_ids: [], get_dish_ids: [], times: 999 }, fields: [f('buy', 'count'), f('dish_ids', 'dishes'), f('get', 'count'), f('get_dish_ids', 'dishes'), f('off_bp', 'percent'), f('times', 'count')] },
  bundle: { stage: 'line', start: { parts: [{ dish_ids: [], qty: 1 }, { dish_ids: [], qty: 1 }], price_fen: 3000, times: 999 }, fields: [f('parts', 'parts'), f('price_fen', 'yuan'), f('times', 'count')] },
  cheapest_free: { stage: 'line', start: { of: 3, free: 1, dish_ids: [] }, fields: [f('of', 'count'), f('free', 'count'), f('dish_ids', 'dishes')] },
  gift: { stage: 'gift', start: { sku_id: '', name: '', name_en: '', qty: 1, threshold_fen: 0, dish_ids: [] }, fields: [f('sku_id', 'sku'), f('name', 'text'), f('name_en', 'text'), f('qty', 'count'), f('threshold_fen', 'yuan'), f('dish_ids', 'dishes')] },
} as const satisfies Record<string, { stage: Stage; start: Record<string, unknown>; fields: readonly Field[] }>
export type Kind = keyof typeof KINDS
export const CHANNELS = ['mini_program', 'web', 'table_qr', 'counter', 'kiosk', 'delivery_platform'] as const

function f(name: string, as: Field['as'], optional = false): Field {
  return { name, as, optional, word: `field_${name}` as OfferWord }
}

/** Returns a benefit of a kind as an editor begins with it. */
export const begun = (kind: Kind): Benefit => ({ kind, ...structuredClone(KINDS[kind].start) })

export const NO_CONDITIONS: Conditions = {
  store_ids: [], channels: [], dayparts: [], weekdays: [], dates: [], table_kinds: [], members_only: false, segment_ids: [], levels: [], first_order: false, party_min: null, party_max: null, birthday: null,
}

/** Returns the terms of an offer that nobody has made yet. */
export function newTerms(): Terms {
  const offer = { id: newId(), name: '', name_en: '', lane: '', benefit: begun('spend_and_save'), conditions: structuredClone(NO_CONDITIONS), groups: [], stacks_with: null, gives_way_to: [], priority: 100, valid_from_at: null, valid_to_at: null, refund_policy: null }
  return { offer, cost_centre: '', budget_count: null, budget_fen: null, limit_each: null }
}

export const stageOf = (terms: Terms): string => terms.offer.lane || KINDS[terms.offer.benefit.kind].stage
export const TONES = { draft: 'plain', live: 'green', ended: 'blue', stopped: 'danger' } as const

/** The words of offers, and of how a price came about. */
const WORDS = {
  more: ['满减、折扣、第 N 件、套餐、赠品：先试算再发布，随时可停。', 'Spend and save, percentages, n-th items, bundles, gifts: tried before they are published, stopped at any time.'],
  find: ['活动名称', 'Name'],
  none: ['还没有活动', 'There are no offers yet'],
  name: ['名称', 'Name'],
  name_en: ['英文名', 'Name in English'],
  state: ['状态', 'State'],
  state_all: ['全部状态', 'Any state'],
  state_draft: ['草稿', 'Draft'],
  state_live: ['进行中', 'Live'],
  state_ended: ['已结束', 'Over'],
  state_stopped: ['已停用', 'Stopped'],
  halted: ['已暂停', 'Halted'],
  when: ['时间', 'When'],
  always: ['长期', 'Always'],
  from_to: ['{from} 至 {to}', '{from} to {to}'],
  from_on: ['{from} 起', 'from {from}'],
  until: ['至 {to}', 'until {to}'],
  lane: ['层级', 'Lane'],
  lane_line: ['单品', 'Lines'],
  lane_order: ['整单', 'Orders'],
  lane_gift: ['赠品', 'Gifts'],
  kind: ['类型', 'Kind'],
  used: ['使用', 'Used'],
  times_used: ['{n} 单', '{n} orders'],
  cost: ['已让利', 'Cost so far'],
  make: ['新建活动', 'New offer'],
  halt: ['紧急暂停全部活动', 'Halt all offers'],
  halt_more: ['所有门店、所有渠道立即停止全部活动，已下的订单不受影响。之后可以一键恢复。', 'No order takes an offer from now on, in any store and channel; orders that were placed stay. They can be let on again.'],
  let_on: ['恢复全部活动', 'Let them on again'],
  halted_all: ['全部活动已暂停：{reason}', 'All offers are halted: {reason}'],
  halted_done: ['全部活动已暂停', 'All offers are halted'],
  let_on_done: ['活动已恢复', 'Offers go on again'],

  kind_spend_and_save: ['满减', 'Spend and save'],
  kind_percent_off: ['整单折扣', 'Percent off the order'],
  kind_free_delivery: ['免配送费', 'Free delivery'],
  kind_unit_price: ['特价', 'Special price'],
  kind_unit_percent: ['单品折扣', 'Percent off dishes'],
  kind_nth_item: ['第 N 件优惠', 'N-th piece'],
  kind_buy_get: ['买 M 送 N', 'Buy and get'],
  kind_bundle: ['组合价', 'Bundle'],
  kind_cheapest_free: ['最低价免单', 'Cheapest free'],
  kind_gift: ['赠品', 'Gift'],

  what: ['给什么', 'What it gives'],
  field_tiers: ['档位', 'Tiers'],
  field_times: ['最多几次', 'Times, at most'],
  field_dish_ids: ['适用菜品', 'Dishes'],
  field_get_dish_ids: ['赠送菜品', 'Dishes that are given'],
  field_off_bp: ['减', 'Off'],
  field_cap_fen: ['最多减', 'At most'],
  field_threshold_fen: ['满多少可用', 'From'],
  field_price_fen: ['价格', 'Price'],
  field_n: ['第几件', 'Every n-th piece'],
  field_buy: ['买几件', 'Buy'],
  field_get: ['送几件', 'Get'],
  field_parts: ['组合内容', 'Parts'],
  field_of: ['买满几件', 'Of so many pieces'],
  field_free: ['免几件', 'Free pieces'],
  field_sku_id: ['赠送', 'What is given'],
  field_name: ['赠品名称', 'Name of the gift'],
  field_name_en: ['赠品英文名', 'Gift in English'],
  field_qty: ['几份', 'Pieces'],
  tier_threshold: ['满', 'Spend'],
  tier_off: ['减', 'Save'],
  tier_add: ['加一档', 'Add a tier'],
  tier_away: ['删除这一档', 'Remove this tier'],
  part_add: ['加一组', 'Add a part'],
  part_away: ['删除这一组', 'Remove this part'],
  part_dishes: ['任选菜品', 'Any of'],
  all_dishes: ['全部菜品', 'Every dish'],
  same_dishes: ['同上', 'The same dishes'],
  pick_dish: ['选一个菜品', 'Choose a dish'],
  no_limit: ['不限', 'No limit'],
  yuan: ['元', 'yuan'],
  percent: ['%', '%'],
  pieces: ['件', 'pieces'],

  where: ['什么时候、在哪里、给谁', 'When, where and for whom'],
  any: ['不限', 'any'],
  stores: ['门店', 'Stores'],
  channels: ['渠道', 'Channels'],
  channel_mini_program: ['小程序', 'Mini-program'],
  channel_web: ['网页', 'Web'],
  channel_table_qr: ['桌码', 'Table code'],
  channel_counter: ['收银台', 'Counter'],
  channel_kiosk: ['自助机', 'Kiosk'],
  channel_delivery_platform: ['外卖平台', 'Delivery platform'],
  weekdays: ['星期', 'Weekdays'],
  weekday_1: ['周一', 'Mon'],
  weekday_2: ['周二', 'Tue'],
  weekday_3: ['周三', 'Wed'],
  weekday_4: ['周四', 'Thu'],
  weekday_5: ['周五', 'Fri'],
  weekday_6: ['周六', 'Sat'],
  weekday_7: ['周日', 'Sun'],
  dayparts: ['时段', 'Times of day'],
  daypart_from: ['从', 'From'],
  daypart_to: ['到', 'To'],
  daypart_add: ['加一个时段', 'Add a time of day'],
  daypart_away: ['删除这个时段', 'Remove this time of day'],
  dates: ['日期', 'Dates'],
  date_add: ['加一段日期', 'Add dates'],
  date_away: ['删除这段日期', 'Remove these dates'],
  table_kinds: ['桌台区域', 'Kinds of table'],
  table_kinds_hint: ['如“大厅”“包间”，回车添加', 'as 大厅; Enter adds it'],
  segments: ['人群', 'Segments'],
  segments_hint: ['人群编号，回车添加', 'their ids; Enter adds one'],
  levels: ['会员等级', 'Levels'],
  members_only: ['仅会员', 'Members only'],
  first_order: ['仅首单', 'First order only'],
  birthday: ['仅生日前后', 'Around the birthday only'],
  days_before: ['生日前', 'Days before'],
  days_after: ['生日后', 'Days after'],
  days: ['天', 'days'],
  party_min: ['至少几人', 'Party, at least'],
  party_max: ['至多几人', 'Party, at most'],
  people: ['人', 'people'],
  valid_from: ['开始', 'Begins'],
  valid_to: ['结束（不含）', 'Ends before'],
  on_clock: ['按 {zone} 时间', 'on the clock of {zone}'],

  beside: ['和别的优惠怎么叠加', 'Beside other offers'],
  groups: ['互斥组', 'Groups'],
  groups_hint: ['同组只用一个', 'of one group an order has one'],
  only_with: ['只能和指定的优惠同用', 'Goes only with what is named'],
  stacks_with: ['可同用', 'Goes with'],
  stacks_none: ['不与任何优惠同用', 'nothing else'],
  gives_way: ['让位于', 'Gives way to'],
  gives_way_hint: ['它们能用时，这个就不用', 'does not apply where these can'],
  priority: ['优先级（小的先算）', 'Priority, the lower first'],
  policy: ['部分退款失去门槛时', 'When a refund loses the threshold'],
  policy_order: ['按会员计划', 'As the program says'],
  threshold_kept: ['保留优惠', 'Keep what it gave'],
  threshold_lost: ['收回优惠', 'Take it back'],
  lane_coupon: ['优惠券', 'Coupons'],

  money: ['预算', 'Budget'],
  budget_count: ['最多几单', 'Orders, at most'],
  budget_fen: ['最多让利', 'Cost, at most'],
  limit_each: ['每位会员最多几单', 'Orders of each member'],
  orders_unit: ['单', 'orders'],
  cost_centre: ['成本归属', 'Cost centre'],

  no_edit: ['你的角色只能查看活动。', 'Your role can only look at offers.'],
  saved: ['已保存为第 {n} 版，发布后生效', 'Saved as version {n}; it holds once it is published'],
  publish: ['发布第 {n} 版', 'Publish version {n}'],
  publish_more: ['立即在所有适用门店生效。建议先试算。', 'It holds at once in every store that it is for. Try it on past orders first.'],
  published: ['第 {n} 版已生效', 'Version {n} holds'],
  others_publish: ['由总部发布', 'The head office publishes it'],
  save_first: ['先保存，再发布', 'Save it first, then publish'],
  stop: ['停用', 'Stop'],
  stop_sure: ['停用“{name}”？', 'Stop “{name}”?'],
  stop_more: ['所有门店立即停止，已下的订单不受影响。', 'No order takes it from now on; orders that were placed stay.'],
  stopped: ['已停用', 'It is stopped'],
  gone: ['没有这个活动。', 'There is no such offer.'],
  facts: ['概况', 'How it stands'],
  live_version: ['生效版本', 'Version that holds'],
  newest: ['最新版本', 'Newest version'],
  made: ['创建', 'Made'],
  saved_by: ['最后保存', 'Saved by'],
  budget_left: ['预算剩余', 'Budget left'],
  history: ['版本', 'Versions'],
  version: ['第 {n} 版', 'Version {n}'],
  version_saved: ['{name} 保存于 {time}', 'saved by {name}, {time}'],
  version_published: ['{name} 发布于 {time}', 'published by {name}, {time}'],
  holds: ['生效中', 'holds'],
  load: ['放进编辑器', 'Put into the editor'],
  audit: ['操作记录', 'What was done to it'],
  audit_none: ['还没有操作', 'Nothing yet'],

  dry: ['试算', 'Dry run'],
  dry_more: ['用过去的订单重新算一遍，看这个活动会花多少、影响多少单。不会改动任何订单。', 'Prices past orders once more with this offer: what it would cost and whom it reaches. No order is changed.'],
  dry_days: ['用最近几天的订单', 'Orders of the last days'],
  dry_go: ['试算第 {n} 版', 'Try version {n}'],
  dry_end: ['停止', 'Stop'],
  dry_progress: ['{store}（{n} / {of}）', '{store} ({n} of {of})'],
  dry_cost: ['预计让利', 'Cost'],
  dry_affected: ['影响订单', 'Orders reached'],
  dry_uptake: ['占比', 'Uptake'],
  dry_average: ['平均每单', 'Off each of them'],
  dry_read: ['试算了 {n} / {of} 笔订单', '{n} of {of} orders were priced'],
  dry_none: ['这段时间没有订单可以试算。', 'There are no orders in these days.'],
  dry_dishes: ['让利最多的菜品', 'Dishes that most comes off'],
  dry_inexact: ['{n} 笔的最优组合没有搜完，按已找到的最好结果算', 'for {n} of them the search was cut short, and the best found counts'],
  dry_save_first: ['先保存，再试算', 'Save it first, then try it'],
  by_store: ['按门店', 'By store'],
  by_daypart: ['按时段', 'By part of the day'],
  part_night: ['夜宵', 'Night'],
  part_morning: ['早餐', 'Morning'],
  part_lunch: ['午市', 'Lunch'],
  part_afternoon: ['下午茶', 'Afternoon'],
  part_dinner: ['晚市', 'Dinner'],
} as const

export type OfferWord = keyof typeof WORDS
export const off = speaker(WORDS)
export const offOr = (word: string, otherwise: string): string => (word in WORDS ? off(word as OfferWord) : otherwise)

const WEEK = [1, 2, 3, 4, 5, 6, 7] as const

/** The days of a week to choose from, Monday first, in the language of now. */
export const weekOptions = () => computed(() => WEEK.map((value) => ({ value: value as number, say: off(`weekday_${value}`) })))
