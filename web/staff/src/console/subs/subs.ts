import type { Answer } from '@/api/client'
import { language, speaker } from '@/lib/words'

export type Plan = Answer<'/v1/subscription-plans/all', 'get'>[number]
export type File = Answer<'/v1/subscriptions/{subscription_id}', 'get'>
export const STATES = ['pending', 'trial', 'active', 'past_due', 'cancelled', 'ended'] as const
export const RIGHTS = ['queue_priority', 'exclusive_dishes', 'free_delivery', 'vip_service'] as const
export const TONES: Readonly<Record<string, 'plain' | 'green' | 'gold' | 'danger' | 'blue'>> = { pending: 'plain', trial: 'blue', active: 'green', past_due: 'danger', cancelled: 'plain', ended: 'plain' }

export type Benefit = { type: 'coupons'; template_id: string; count: number } | { type: 'birthday'; template_id: string } | { type: 'right'; right: (typeof RIGHTS)[number] }

/** A version of a plan as the form holds it and the server takes it, but for its id. */
export interface PlanTerms {
  code: string
  family: string
  name: string
  name_en: string
  price_fen: number
  trial_days: number
  level: string | null
  benefits: Benefit[]
  retry_days: number[]
  grace_days: number
  refund: 'unused' | 'none'
}

/** Returns the terms of the version that follows a plan; of one that nobody has made yet for null. */
export function termsOf(plan: Plan | null): PlanTerms {
  if (!plan) return { code: '', family: 'membership', name: '', name_en: '', price_fen: 2990, trial_days: 0, level: null, benefits: [], retry_days: [1, 3, 7], grace_days: 10, refund: 'unused' }
  const { code, family, name, name_en, price_fen, trial_days, level, benefits, retry_days, grace_days, refund } = plan
  return structuredClone({ code, family, name, name_en, price_fen, trial_days, level, benefits: benefits as Benefit[], retry_days, grace_days, refund: refund as PlanTerms['refund'] })
}
export const planCalled = (each: { name: string; name_en: string }): string => (language.value === 'en' && each.name_en) || each.name

/** The words of subscriptions: plans, subscribers, what is owed to them. */
const WORDS = {
  plans_more: ['付费会员的套餐。改动会成为新版本；已订阅的人保留原来的版本，直到他们同意新的。', 'What one subscribes to. A change is the next version; who has an older one keeps it until they agree.'],
  plans_none: ['还没有套餐', 'There are no plans yet'],
  plan_make: ['新建套餐', 'New plan'],
  plan_next: ['“{name}”的下一版', 'The next version of “{name}”'],
  plan_gone: ['没有这个套餐。', 'There is no such plan.'],
  plan: ['套餐', 'Plan'],
  code: ['代号', 'Code'],
  code_hint: ['小写字母、数字和下划线', 'lower case, digits, underscores'],
  family: ['系列', 'Family'],
  family_hint: ['同系列只能订一个', 'one of a family at a time'],
  name: ['名称', 'Name'],
  name_en: ['英文名', 'Name in English'],
  version: ['第 {n} 版', 'version {n}'],
  price: ['每月价格', 'A month'],
  trial: ['试用', 'Trial'],
  trial_hint: ['0 为不试用', '0: none'],
  level: ['享受等级', 'Level'],
  level_none: ['不变', 'None'],
  refund: ['中途退订', 'Who leaves in a period'],
  refund_unused: ['退未用部分', 'is given back what is not used'],
  refund_none: ['不退', 'is given nothing back'],
  grace: ['扣款失败宽限', 'Grace after a failed charge'],
  retries: ['失败后第几天再扣', 'Tried again after days'],
  retries_hint: ['用逗号分开，如 1, 3, 7', 'with commas: 1, 3, 7'],
  benefits: ['每月权益', 'What it gives each month'],
  benefit_coupons: ['优惠券', 'Coupons'],
  benefit_birthday: ['生日券', 'Birthday coupon'],
  benefit_right: ['特权', 'A right'],
  benefit_add: ['加一项', 'Add one'],
  benefit_away: ['删除这一项', 'Remove it'],
  benefit_kind: ['类型', 'Kind'],
  count: ['每月几张', 'A month'],
  right_queue_priority: ['排队优先', 'Priority in the queue'],
  right_exclusive_dishes: ['专属菜品', 'Exclusive dishes'],
  right_free_delivery: ['免配送费', 'Free delivery'],
  right_vip_service: ['VIP 服务', 'VIP service'],
  open: ['可订阅', 'Offered'],
  closed: ['已下架', 'Not offered'],
  close: ['下架', 'Offer no more'],
  close_sure: ['下架“{name}”？', 'Offer “{name}” no more?'],
  close_more: ['已订阅的人不受影响。', 'Who has it keeps it.'],
  reopen: ['重新上架', 'Offer again'],
  change: ['改版', 'Next version'],
  no_edit: ['你的角色只能查看套餐。', 'Your role can only look at plans.'],
  saved: ['已保存为第 {n} 版', 'Saved as version {n}'],
  months: ['元/月', 'yuan a month'],

  list_more: ['谁订了什么、下一次什么时候扣多少、通知送到没有、扣款失败到了哪一步。', 'Who has which plan, what is charged next and when, whether its notice was delivered, what failed.'],
  list_none: ['还没有人订阅', 'Nobody has subscribed yet'],
  member: ['会员', 'Member'],
  state: ['状态', 'State'],
  state_all: ['全部状态', 'Any state'],
  state_pending: ['待签约', 'Not signed'],
  state_trial: ['试用中', 'On trial'],
  state_active: ['生效中', 'Active'],
  state_past_due: ['扣款失败', 'Past due'],
  state_cancelled: ['已取消', 'Cancelled'],
  state_ended: ['已结束', 'Ended'],
  period: ['第几期', 'Period'],
  ends: ['本期到', 'Paid until'],
  leaves: ['到期不续', 'leaves at its end'],
  since: ['订阅时间', 'Since'],
  of_member: ['{name} 的订阅', 'The subscription of {name}'],
  gone: ['没有这个订阅。', 'There is no such subscription.'],
  facts: ['概况', 'How it stands'],
  next_charge: ['下次扣款', 'Next charge'],
  next_charge_is: ['{on} 扣 {yuan}', '{yuan} on {on}'],
  next_none: ['不再扣款', 'none'],
  next_plan: ['下期换成', 'Next period'],
  noticed: ['扣款前通知', 'Notice of it'],
  noticed_at: ['{time} 已送达', 'delivered {time}'],
  noticed_not: ['还没有送达，未送达不会扣款', 'not delivered yet; nothing is charged without it'],
  agreement: ['签约', 'Agreement'],
  agreement_asked: ['待签', 'asked for'],
  agreement_signed: ['已签', 'signed'],
  agreement_ended: ['已解约', 'ended'],
  paid: ['已付', 'Paid so far'],
  saved_fen: ['已帮会员省', 'Saved by it'],
  why: ['原因', 'Why'],
  why_cancelled: ['会员取消', 'cancelled by the member'],
  why_cancelled_now: ['会员立即取消', 'cancelled at once'],
  why_not_paid: ['扣款一直失败', 'not paid'],
  why_not_signed: ['没有签约', 'not signed'],
  why_not_reached: ['通知送不到', 'the notice could not be delivered'],
  why_barred: ['已解约', 'the agreement ended'],
  charges: ['扣款', 'Charges'],
  charges_none: ['还没有扣过款', 'Nothing was charged yet'],
  charge_pending: ['处理中', 'Pending'],
  charge_succeeded: ['成功', 'Succeeded'],
  charge_failed: ['失败', 'Failed'],
  charge_unknown: ['待确认', 'Unknown'],
  charge_n: ['第 {n} 期', 'Period {n}'],
  charge_back: ['已退 {yuan}', '{yuan} given back'],
  notices: ['通知', 'Notices'],
  notices_none: ['还没有发过通知', 'No notice was sent yet'],
  notice_is: ['第 {n} 期 · {yuan}', 'Period {n}, {yuan}'],
  notice_sent: ['{time} 发出', 'sent {time}'],
  notice_delivered: ['{time} 送达', 'delivered {time}'],
  grants: ['发过的权益', 'What it gave'],
  grant_coupon: ['每月券', 'Coupon of the month'],
  grant_birthday: ['生日券', 'Birthday coupon'],
  grants_none: ['还没有发过', 'Nothing yet'],
  grant_saved: ['省 {yuan}', 'saved {yuan}'],
  refunds: ['退款', 'Refunds'],
  refunds_none: ['没有退款', 'Nothing was given back'],
  stop: ['终止订阅', 'End it'],
  stop_when: ['什么时候', 'When'],
  stop_period_end: ['本期结束后', 'at the end of the period'],
  stop_now: ['现在，退 {yuan}', 'now, {yuan} back'],
  stopped: ['已终止', 'It is ended'],
  give_back: ['退一部分', 'Give a part back'],
  give_amount: ['退多少', 'How much'],
  given: ['已退款', 'It is given back'],
  reason: ['原因', 'Reason'],
  yuan: ['元', 'yuan'],
  days: ['天', 'days'],

  owed_more: ['没有退成、或超过一天还没有结果的订阅退款，需要有人处理。', 'Refunds of subscriptions that failed, or have no outcome after a day: somebody has to look after them.'],
  make_up: ['补退', 'Make up for it'],
  make_up_sure: ['把 {yuan} 再退一次', 'Give {yuan} back once more'],
  way: ['怎么退', 'How'],
  way_same: ['再走一次支付渠道', 'by the gateway once more'],
  way_transfer: ['已线下转账', 'by a transfer made elsewhere'],
  made_up: ['已补退', 'It is made up for'],
} as const

export type SubWord = keyof typeof WORDS
export const sub = speaker(WORDS)
export const subOr = (word: string, otherwise: string): string => (word in WORDS ? sub(word as SubWord) : otherwise)
