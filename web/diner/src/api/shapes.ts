/** Short names for what the API gives. */
import type { components } from '@shared/api/made/schema'

type Schemas = components['schemas']
export type Store = Schemas['StoreView']
export type Offer = Schemas['DinerOffer']
export type Cart = Schemas['Cart']
export type Choice = Schemas['Choice']
export type Quote = Schemas['Quote']
export type Order = Schemas['OrderView']
export type RefundPreview = Schemas['Preview']
export type Erasure = Schemas['ErasureView']
export type Favourite = Schemas['Favourite']
export type Address = Schemas['AddressView']
export type Feedback = Schemas['FeedbackGiven']
export type RefundRequest = Schemas['RefundRequest']
export type OrderLine = Schemas['LineView']
export type Payment = Schemas['PaymentView']
export type Paying = Schemas['Paying']
export type PaidAtTable = Schemas['PaidAtTable']
export type Me = Schemas['Me']
export type Coupon = Schemas['Held']
export type Points = Schemas['PointsView']
export type PointsEntry = Schemas['Entry']
export type Level = Schemas['LevelView']
export type Plan = Schemas['promo_subscription_plans_Plan']
export type Subscription = Schemas['SubscriptionView']
export type Consent = Schemas['Consent']
export type Device = Schemas['Device']
export type TableAt = Schemas['TableAt']
export type MemberCode = Schemas['CodeView']
export type Progress = Schemas['OrderProgress']
export type Seating = Schemas['SeatingView']
export type TableCall = Schemas['CallView']
export type BillShares = Schemas['Shares']
export type SharedLine = Schemas['CartLine']
export type LineState = Schemas['LineState']
export type ShopItem = Schemas['Item']

/** The menu of a store; the server sends it as ready bytes, which its description calls a string. */
export interface Menu {
  readonly store_id: string
  readonly store_name: string
  readonly licence: string
  readonly open_now: boolean
  readonly categories: readonly Category[]
}
export interface Category {
  readonly id: string
  readonly name: string
  readonly periods: readonly { readonly weekday: number; readonly opens: number; readonly closes: number }[]
  readonly open_now: boolean
  readonly dishes: readonly Dish[]
}
export interface Dish {
  readonly id: string
  readonly kind: 'dish' | 'set'
  readonly name: string
  readonly description: string
  readonly pictures: readonly string[]
  readonly tags: readonly string[]
  readonly allergens: readonly string[]
  readonly spice: number
  readonly calories_kcal: number | null
  readonly prep_minutes: number
  readonly sold_out: boolean
  readonly skus: readonly Sku[]
  readonly groups: readonly OptionGroup[]
  readonly slots: readonly Slot[]
}
export interface Sku {
  readonly id: string
  readonly name: string
  readonly list_fen: number
  readonly member_fen: number | null
  /** The one price that may be struck out beside a lower one. */
  readonly reference_fen: number | null
  readonly sold_out: boolean
}
export interface OptionGroup {
  readonly id: string
  readonly name: string
  readonly min_picks: number
  readonly max_picks: number
  readonly options: readonly { readonly id: string; readonly name: string; readonly price_fen: number }[]
}
export interface Slot {
  readonly id: string
  readonly name: string
  readonly choices: readonly {
    readonly sku_id: string
    readonly name: string
    readonly qty: number
    readonly extra_fen: number
    readonly sold_out: boolean
  }[]
}
