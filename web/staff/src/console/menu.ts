import type { RouteRecordRaw } from 'vue-router'
import type { ConsoleIcon } from './kit/icons'
import type { FrameWord } from './words'

declare module 'vue-router' {
  interface RouteMeta {
    /** How a page of the console is called; a page without an icon stands in no menu. */
    title?: FrameWord
    icon?: ConsoleIcon
    /** The page above this one, for the crumbs. */
    under?: string
    /** Whether the choice of store, and that of the trading day, mean something on the page. */
    byStore?: boolean
    byDay?: boolean
  }
}

export interface Group {
  readonly title: FrameWord
  readonly pages: readonly RouteRecordRaw[]
}

/**
 * The pages of the console in groups, as the menu shows them. A page is a lazy route with what its person must be allowed to do
 * (`permission`), and is shown to nobody else; `path` is relative to /staff/console.
 */
export const GROUPS: readonly Group[] = [
  {
    title: 'group_business',
    pages: [
      { path: 'today', component: () => import('./pages/TodayPage.vue'), meta: { title: 'page_today', icon: 'today', permission: 'shift.read', byStore: true, byDay: true } },
      { path: 'orders', component: () => import('./pages/OrdersPage.vue'), meta: { title: 'page_orders', icon: 'orders', permission: 'order.read', byStore: true } },
      { path: 'orders/:id', component: () => import('./pages/OrderPage.vue'), meta: { title: 'page_order', permission: 'order.read', under: 'orders' } },
      { path: 'refunds', component: () => import('./pages/OwedPage.vue'), meta: { title: 'page_refunds', icon: 'refund', permission: 'payment.read', byStore: true } },
    ],
  },
  {
    title: 'group_books',
    pages: [
      { path: 'days', component: () => import('./books/DaysPage.vue'), meta: { title: 'page_days', icon: 'check', permission: 'shift.read', byStore: true, byDay: true } },
      { path: 'bills', component: () => import('./books/BillsPage.vue'), meta: { title: 'page_bills', icon: 'copy', permission: 'payment.read' } },
      { path: 'differences', component: () => import('./books/DifferencesPage.vue'), meta: { title: 'page_differences', icon: 'alert', permission: 'payment.read' } },
      { path: 'subscription-refunds', component: () => import('./subs/OwedSubsPage.vue'), meta: { title: 'page_owed_subscriptions', icon: 'refund', permission: 'subscription.read' } },
    ],
  },
  {
    title: 'group_members',
    pages: [
      { path: 'members', component: () => import('./pages/MembersPage.vue'), meta: { title: 'page_members', icon: 'members', permission: 'member.read' } },
      { path: 'members/:id', component: () => import('./pages/MemberPage.vue'), meta: { title: 'page_member', permission: 'member.read', under: 'members' } },
      { path: 'points', component: () => import('./ledger/AccountsPage.vue'), meta: { title: 'page_points', icon: 'star', permission: 'points.read' } },
      { path: 'points/:id', component: () => import('./ledger/AccountPage.vue'), meta: { title: 'page_account', permission: 'points.read', under: 'points' } },
      { path: 'corrections', component: () => import('./ledger/CorrectionsPage.vue'), meta: { title: 'page_corrections', icon: 'check', permission: 'points.adjust' } },
      { path: 'liability', component: () => import('./ledger/LiabilityPage.vue'), meta: { title: 'page_liability', icon: 'today', permission: 'points.report' } },
      { path: 'proofs', component: () => import('./ledger/ProofsPage.vue'), meta: { title: 'page_proofs', icon: 'audit', permission: 'ledger.prove' } },
      { path: 'members/:id/coupons', component: () => import('./promo/MemberCouponsPage.vue'), meta: { title: 'page_member_coupons', permission: 'coupon.read', under: 'members' } },
    ],
  },
  {
    title: 'group_promo',
    pages: [
      { path: 'offers', component: () => import('./promo/OffersPage.vue'), meta: { title: 'page_offers', icon: 'offer', permission: 'offer.read' } },
      { path: 'offers/:id', component: () => import('./promo/OfferPage.vue'), meta: { title: 'page_offer', permission: 'offer.read', under: 'offers' } },
      { path: 'coupons', component: () => import('./promo/CouponsPage.vue'), meta: { title: 'page_coupons', icon: 'ticket', permission: 'coupon.read' } },
      { path: 'coupons/:id', component: () => import('./promo/CouponPage.vue'), meta: { title: 'page_coupon', permission: 'coupon.read', under: 'coupons' } },
      { path: 'campaigns', component: () => import('./promo/CampaignsPage.vue'), meta: { title: 'page_campaigns', icon: 'members', permission: 'coupon.read' } },
      { path: 'codes', component: () => import('./promo/CodesPage.vue'), meta: { title: 'page_codes', icon: 'code', permission: 'coupon.read' } },
      { path: 'plans', component: () => import('./subs/PlansPage.vue'), meta: { title: 'page_plans', icon: 'star', permission: 'subscription.read' } },
      { path: 'plans/:id', component: () => import('./subs/PlanPage.vue'), meta: { title: 'page_plan', permission: 'subscription.read', under: 'plans' } },
      { path: 'subscriptions', component: () => import('./subs/SubscribersPage.vue'), meta: { title: 'page_subscriptions', icon: 'refresh', permission: 'subscription.read' } },
      { path: 'subscriptions/:id', component: () => import('./subs/SubscriptionPage.vue'), meta: { title: 'page_subscription', permission: 'subscription.read', under: 'subscriptions' } },
      { path: 'explain', component: () => import('./promo/ExplainPage.vue'), meta: { title: 'page_explain', icon: 'search', permission: 'offer.read' } },
    ],
  },
  {
    title: 'group_catalogue',
    pages: [
      { path: 'dishes', component: () => import('./catalogue/DishesPage.vue'), meta: { title: 'page_dishes', icon: 'dish', permission: 'menu.read', byStore: true } },
      { path: 'dishes/:id', component: () => import('./catalogue/DishPage.vue'), meta: { title: 'page_dish', permission: 'menu.read', under: 'dishes', byStore: true } },
      { path: 'import', component: () => import('./catalogue/ImportPage.vue'), meta: { title: 'page_import', icon: 'upload', permission: 'menu.edit' } },
      { path: 'categories', component: () => import('./catalogue/CategoriesPage.vue'), meta: { title: 'page_categories', icon: 'clock', permission: 'menu.read' } },
    ],
  },
  {
    title: 'group_stores',
    pages: [
      { path: 'stores', component: () => import('./pages/StoresPage.vue'), meta: { title: 'page_stores', icon: 'store', permission: 'org.read' } },
      { path: 'stores/:id', component: () => import('./pages/StorePage.vue'), meta: { title: 'page_store', permission: 'org.read', under: 'stores' } },
      { path: 'stores/:id/tables', component: () => import('./pages/TablesPage.vue'), meta: { title: 'page_tables', permission: 'org.read', under: 'stores' } },
      { path: 'staff', component: () => import('./pages/StaffPage.vue'), meta: { title: 'page_staff', icon: 'staff', permission: 'staff.read', byStore: true } },
      { path: 'terminals', component: () => import('./pages/TerminalsPage.vue'), meta: { title: 'page_terminals', icon: 'terminal', permission: 'terminal.pair', byStore: true } },
    ],
  },
  {
    title: 'group_house',
    pages: [
      { path: 'me', component: () => import('./pages/MePage.vue'), meta: { title: 'page_me' } },
      { path: 'settings', component: () => import('./pages/SettingsPage.vue'), meta: { title: 'page_settings', icon: 'settings', permission: 'member.read' } },
      { path: 'audit', component: () => import('./pages/AuditPage.vue'), meta: { title: 'page_audit', icon: 'audit', permission: 'audit.read', byStore: true } },
      { path: 'health', component: () => import('./pages/HealthPage.vue'), meta: { title: 'page_health', icon: 'health', permission: 'event.replay' } },
      { path: 'letters', component: () => import('./books/LettersPage.vue'), meta: { title: 'page_letters', permission: 'event.replay', under: 'health' } },
    ],
  },
]

export const PAGES: readonly RouteRecordRaw[] = GROUPS.flatMap((each) => each.pages)
