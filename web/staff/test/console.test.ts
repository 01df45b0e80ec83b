import { createPinia, setActivePinia } from 'pinia'
import { mount, flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router'
import { Refused } from '@/api/client'
import { useForm } from '@/console/kit/form'
import { useList, type Asked, type ListPage } from '@/console/kit/list'
import { question } from '@/console/kit/sure'
import { chosen, may, storeId, stores, today } from '@/console/scope'
import type { Store } from '@/api/types'
import { useSession } from '@/stores/session'

setActivePinia(createPinia())
const rights = (...each: [string | null, string[]][]): never => ({ rights: each.map(([store_id, permissions]) => ({ store_id, permissions })), roles: [], store_id: null }) as never
const refused = (status: number, facts: Record<string, unknown> = {}): Refused => new Refused({ code: 'x', title: 'no', detail: '', status, trace: '', facts })

beforeEach(() => {
  localStorage.clear()
  chosen.value = ''
  stores.value = []
  question.value?.answer(null)
})

type Filters = { q: string; state: string }
async function aList(load: (asked: Asked<Filters>) => Promise<ListPage<string>>, at = '/') {
  let list!: ReturnType<typeof useList<string, Filters>>
  const Page = defineComponent({
    setup() {
      list = useList<string, Filters>({ filters: { q: '', state: 'open' }, sort: '-at', load })
      return () => h('div')
    },
  })
  const router: Router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Page }] })
  await router.push(at)
  mount(RouterView, { global: { plugins: [router] } })
  await flushPromises()
  return { list, router }
}

describe('a list', () => {
  it('asks for what stands in the address, and writes there what is asked for', async () => {
    const load = vi.fn(async () => ({ rows: ['a'], next: null }))
    const { list, router } = await aList(load as never, '/?q=noodles&sort=total')
    expect(load.mock.lastCall).toMatchObject([{ filters: { q: 'noodles', state: 'open' }, sort: 'total', before: '' }])
    list.filter('state', 'paid')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ q: 'noodles', state: 'paid', sort: 'total' })
    list.clear()
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ sort: 'total' })
    expect(load.mock.lastCall).toMatchObject([{ filters: { q: '', state: 'open' } }])
  })

  it('tells that there is nothing from that nothing was found, and a refusal from a fault', async () => {
    const outcome: { of: () => ListPage<string> } = { of: () => ({ rows: [], next: null }) }
    const { list } = await aList(async () => outcome.of())
    expect(list.state).toBe('empty')
    list.filter('q', 'x')
    await flushPromises()
    expect(list.state).toBe('none-found')
    outcome.of = () => {
      throw refused(403)
    }
    await list.reload()
    expect(list.state).toBe('forbidden')
    outcome.of = () => {
      throw refused(500)
    }
    await list.reload()
    expect(list.state).toBe('fault')
    outcome.of = () => ({ rows: ['a'], next: null })
    await list.reload()
    expect([list.state, list.fault]).toEqual(['ready', null])
  })

  it('drops an answer that another has overtaken', async () => {
    const answers: ((page: ListPage<string>) => void)[] = []
    const { list } = await aList(() => new Promise((done) => answers.push(done)))
    list.filter('q', 'new')
    await flushPromises()
    answers[1]!({ rows: ['new'], next: null })
    answers[0]!({ rows: ['old'], next: null })
    await flushPromises()
    expect(list.rows).toEqual(['new'])
  })

  it('begins at its first page again when something else is searched for', async () => {
    const { list, router } = await aList(async ({ before }) => ({ rows: [before || 'first'], next: 'cursor' }))
    list.after()
    await flushPromises()
    expect(list.rows).toEqual(['cursor'])
    list.filter('q', 'x')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ q: 'x' })
    expect(list.rows).toEqual(['first'])
  })
})

describe('a form', () => {
  it('keeps what was typed when the server says no, and says it at the field', async () => {
    const form = useForm({ name: '', lines: [1] }, () => Promise.reject(refused(400, { faults: [{ where: 'lines[0].qty', what: 'is too many' }] })), { guarded: false })
    form.values.name = 'typed'
    expect(await form.submit()).toBe(false)
    expect([form.values.name, form.wrong('lines'), form.wrong('name'), form.dirty]).toEqual(['typed', 'is too many', '', true])
  })

  it('is clean once it was sent, and sends once while it waits', async () => {
    const send = vi.fn(async () => undefined)
    const form = useForm({ name: '' }, send, { guarded: false })
    form.values.name = 'typed'
    const outcomes = await Promise.all([form.submit(), form.submit()])
    expect([outcomes, send.mock.calls.length, form.dirty]).toEqual([[true, false], 1, false])
    form.values.name = 'other'
    form.discard()
    expect(form.values.name).toBe('typed')
  })

  it('brings together what two people changed, and says where both changed the same', async () => {
    const late = new Refused({ code: 'menu.changed_meanwhile', title: 'late', detail: '', status: 409, trace: '' })
    const form = useForm({ name: 'a', note: 'a', lines: [1] }, () => Promise.reject(late), { guarded: false })
    Object.assign(form.values, { name: 'mine', note: 'mine' })
    await form.submit()
    expect(form.late).toBe(true)
    expect(form.rebase({ name: 'a', note: 'theirs', lines: [1, 2] })).toEqual([{ field: 'note', theirs: 'theirs' }])
    expect([form.values, form.late, form.dirty]).toEqual([{ name: 'mine', note: 'mine', lines: [1, 2] }, false, true])
    form.adopt({ field: 'note', theirs: 'theirs' })
    form.discard()
    expect(form.values).toEqual({ name: 'a', note: 'theirs', lines: [1, 2] })
  })

  it('asks before it is left with something unsaved', async () => {
    let form!: ReturnType<typeof useForm<{ name: string }>>
    const Page = defineComponent({
      setup() {
        form = useForm({ name: '' }, async () => undefined)
        return () => h('div')
      },
    })
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Page }, { path: '/away', component: { render: () => h('p') } }] })
    await router.push('/')
    mount(RouterView, { global: { plugins: [router] } })
    await flushPromises()
    form.values.name = 'typed'
    const first = router.push('/away')
    await flushPromises()
    question.value!.answer(null)
    await first
    expect(router.currentRoute.value.path).toBe('/')
    const second = router.push('/away')
    await flushPromises()
    question.value!.answer('')
    await second
    expect(router.currentRoute.value.path).toBe('/away')
  })
})

describe('what one looks at', () => {
  it('is a store of one’s own, or, for who works for the brand, all of them', () => {
    useSession().who = rights(['s1', ['order.read']], ['s2', ['staff.read']])
    expect([storeId.value, may('order.read'), may('staff.read')]).toEqual(['s1', true, false])
    chosen.value = 's2'
    expect([storeId.value, may('order.read'), may('staff.read')]).toEqual(['s2', false, true])
    chosen.value = 's9'
    expect(storeId.value).toBe('s1')
    useSession().who = rights([null, ['order.read']])
    chosen.value = ''
    expect([storeId.value, may('order.read'), may('staff.read')]).toEqual(['', true, false])
  })

  it('belongs to the trading day before until the next one begins', () => {
    const store = { zone: 'Asia/Shanghai', day_start_minute: 240 } as Store
    expect(today(store, Date.parse('2026-11-23T03:59:00+08:00'))).toBe('2026-11-22')
    expect(today(store, Date.parse('2026-11-23T04:00:00+08:00'))).toBe('2026-11-23')
  })
})
