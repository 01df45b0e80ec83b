/**
 * Walks the compiled mini-program without WeChat's tools: its pages run in miniprogram-simulate (WeChat's own compiler and component
 * framework) on jsdom, and ask the running house.  usage: node walk.cjs FOLDER HOUSE OUT; writes each page's markup and style into OUT.
 * Built-in components are plain boxes here, and nothing of WeChat's servers is there: its login comes from the house's sandbox.
 */
const assert = require('assert')
const fs = require('fs')
const path = require('path')
const { JSDOM } = require('jsdom')

const [, , folder, house, out] = process.argv
const root = path.resolve(folder)
const dom = new JSDOM('<!DOCTYPE html><body></body>', { url: 'https://mini.test', pretendToBeVisual: true })
const TAKEN = ['HTMLElement', 'Node', 'Event', 'CustomEvent', 'MutationObserver', 'getComputedStyle', 'Element', 'Image', 'requestAnimationFrame', 'Touch', 'TouchEvent']
for (const name of TAKEN) if (name in dom.window) globalThis[name] = dom.window[name]
globalThis.window = dom.window
globalThis.document = dom.window.document

const simulate = require('miniprogram-simulate')
require('j-component').register({
  id: 'image',
  tagName: 'wx-image',
  template: '<img class="im" src="{{src}}" />',
  properties: { src: { type: String, value: '' }, mode: { type: String, value: '' } },
})

let app
const went = []
const kept = new Map()
globalThis.Page = () => undefined
globalThis.App = (made) => (app = made)
globalThis.getApp = () => app
globalThis.getCurrentPages = () => [{}, {}]
const query = new Proxy({}, { get: (_, name) => (name === 'exec' ? (then) => then([[], null, null]) : () => query) })
Object.assign(wx, {
  request: ({ url, method = 'GET', data, header, success, fail }) => {
    const body = method === 'GET' || data === undefined ? undefined : JSON.stringify(data)
    const headers = { ...header, ...(body ? { 'content-type': 'application/json' } : {}) }
    fetch(house + url.replace(/^https?:\/\/[^/]+/, ''), { method, headers, body })
      .then(async (reply) => {
        const text = await reply.text()
        success({ statusCode: reply.status, data: text ? JSON.parse(text) : '', header: {} })
      })
      .catch(() => fail({ errMsg: 'request:fail' }))
    return { abort() {}, onHeadersReceived() {} }
  },
  login: ({ success }) =>
    fetch(`${house}/sandbox/wechat/codes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ openid: `walk-${process.pid}` }) })
      .then((reply) => reply.json())
      .then(success),
  getStorageSync: (key) => kept.get(key) ?? '',
  setStorageSync: (key, value) => void kept.set(key, value),
  removeStorageSync: (key) => void kept.delete(key),
  hideTabBar: (asked) => asked?.success?.({}),
  createSelectorQuery: () => query,
})
for (const way of ['switchTab', 'navigateTo', 'redirectTo', 'navigateBack', 'reLaunch']) wx[way] = (to) => void went.push([way, to?.url ?? ''])

require(path.join(root, 'app.js'))
app.onLaunch.call(app, { path: 'pages/home/index', query: {}, scene: 1001 })

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what, says) {
  for (let n = 0; n < 150; n++, await wait(100)) if (await what()) return
  throw new Error(`it did not come: ${says()}`)
}

async function page(name) {
  document.body.innerHTML = ''
  const made = simulate.render(simulate.load(path.join(root, name), { rootPath: root, compiler: 'official' }))
  const at = document.createElement('div')
  document.body.appendChild(at)
  made.attach(at)
  for (const hook of ['onLoad', 'onShow', 'onReady']) made.instance[hook]?.({})
  const text = () => at.textContent.replace(/\s+/g, ' ')
  return { made, at, text, says: (sought) => until(() => text().includes(sought), text) }
}

/** Taps what exparser made of a node. */
function tap(node) {
  const { left = 0, top = 0 } = node.getBoundingClientRect()
  const exparser = require('miniprogram-exparser')
  let at = node
  while (at && !at.__wxElement) at = at.parentNode
  exparser.Event.dispatchEvent(at.__wxElement, exparser.Event.create('tap', { x: left, y: top }, { originalEvent: { preventDefault() {}, stopPropagation() {} }, bubbles: true, composed: true, capturePhase: true }))
}
const find = (at, name) => [...at.querySelectorAll('[class]')].filter((node) => node.className.split(/\s+/).some((each) => each.endsWith(`--${name}`) || each === name))

function keep(name, { at }) {
  for (const node of at.querySelectorAll('wx-image')) {
    const made = node.__wxElement
    const src = made?.data?.src || made?.src
    if (src && node.firstChild) node.firstChild.setAttribute('src', src)
  }
  fs.mkdirSync(out, { recursive: true })
  fs.writeFileSync(path.join(out, `${name}.html`), at.innerHTML)
  fs.writeFileSync(path.join(out, `${name}.css`), [...document.head.querySelectorAll('style')].map((style) => style.textContent).join('\n'))
}

const walks = {
  async 'the home page greets, recommends with a reason, and names the stores'() {
    const home = await page('pages/home/index')
    await home.says('本店招牌')
    for (const said of ['红烧肉', '为你推荐', '虹桥店', '堂食点餐']) assert.ok(home.text().includes(said), said)
    keep('home', home)
  },
  async 'a tap puts a dish into the cart, which the server prices'() {
    const order = await page('pages/order/index')
    await order.says('红烧肉')
    tap(find(order.at, 'more').find((node) => node.className.includes('step')))
    await order.says('去结算')
    await order.says('58')
    keep('order', order)
  },
  async 'WeChat signs in, and the member has a level and a code'() {
    const sign = await page('member/sign-in/index')
    await sign.says('微信一键登录')
    tap(find(sign.at, 'plain')[0])
    await until(() => kept.has('gt.tokens'), sign.text)
    const me = await page('pages/me/index')
    await me.says('普通会员')
    keep('me', me)
    const code = await page('member/code/index')
    await code.says('秒后刷新')
  },
  async 'the check-out shows the price for members'() {
    const pay = await page('pay/checkout/index')
    await pay.says('会员价')
    await pay.says('付款')
    keep('checkout', pay)
  },
}

;(async () => {
  let failed = 0
  for (const [name, walk] of Object.entries(walks)) {
    try {
      await walk()
      console.log(`ok    ${name}`)
    } catch (error) {
      failed += 1
      console.log(`FAIL  ${name}: ${String(error.stack).slice(0, 1200)}`)
    }
  }
  process.exit(failed ? 1 : 0)
})()
