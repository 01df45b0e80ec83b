// The front page of the demonstration.  Everything it shows comes from the API; nothing is known here beforehand but words.
const DAYS = { zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"], en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] };
const WORDS = {
  zh: {
    menu: (store) => `${store}的菜单`, open: "营业中", closed: "休息中", today: "今天", shut: "不营业", nextDay: "次日",
    member: "会员", from: "起", gone: "已沽清", trouble: "没有连上：", other: "English", all: "全部门店", spice: ["", "微辣", "中辣", "重辣"], month: "每月",
  },
  en: {
    menu: (store) => `The menu of ${store}`, open: "Open", closed: "Closed now", today: "Today", shut: "closed", nextDay: "next day",
    member: "members", from: "from", gone: "Sold out", trouble: "No connection: ", other: "中文", all: "every store", spice: ["", "mild", "hot", "very hot"], month: "a month",
  },
};
const TAGS = { 招牌: "Signature", 素: "Vegetarian", 甜: "Sweet", 家常: "Home style", 清淡: "Light", 亲子: "For children", 双人: "For two" };
let language = localStorage.getItem("language") || (document.documentElement.lang === "en" ? "en" : "zh");
let chosen = null;
let turn = 0;

const byId = (id) => document.getElementById(id);
const words = () => WORDS[language];
const yuan = (fen) => `¥${(fen / 100).toFixed(fen % 100 ? 2 : 0)}`;

function element(name, facts = {}, ...children) {
  const made = Object.assign(document.createElement(name), facts);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { "accept-language": language === "zh" ? "zh-CN" : "en" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.title || answer.statusText);
  return body;
}

function clock(minute) {
  const text = `${String(Math.floor((minute % 1440) / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  return minute > 1440 ? `${words().nextDay} ${text}` : minute === 1440 ? "24:00" : text;
}

function hoursToday(store) {
  const date = new Intl.DateTimeFormat("en-CA", { timeZone: store.zone }).format(new Date());
  const special = store.special_days.find((day) => day.day === date);
  const weekday = (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
  const spans = special ? special.spans : store.hours.filter((span) => span.weekday === weekday);
  const told = spans.map((span) => `${clock(span.opens)}–${clock(span.closes)}`).join("、") || words().shut;
  return `${words().today} (${DAYS[language][weekday]}) ${told}`;
}

const nameOf = (thing) => (language === "en" && thing.name_en) || thing.name;

function showStores(stores) {
  byId("stores").replaceChildren(...stores.map((store) => {
    const card = element("button", { type: "button", className: "store" },
      element("b", { textContent: nameOf(store) }),
      element("span", { className: store.open_now ? "now open" : "now", textContent: store.open_now ? words().open : words().closed }),
      element("span", { textContent: (language === "en" && store.address_en) || store.address }),
      element("span", { textContent: store.phone }),
      element("span", { textContent: hoursToday(store) }));
    card.setAttribute("aria-pressed", String(store.id === chosen));
    card.addEventListener("click", () => { chosen = store.id; show(); });
    return card;
  }));
}

function dishCard(dish) {
  const prices = dish.skus.map((sku) => sku.list_fen);
  const least = dish.skus.find((sku) => sku.list_fen === Math.min(...prices));
  const several = new Set(prices).size > 1;
  const cost = yuan(least.list_fen) + (several && language === "zh" ? words().from : "");
  const card = element("li", { className: dish.sold_out ? "dish gone" : "dish" },
    element("img", { src: `/${dish.pictures[0] || ""}`, alt: "", loading: "lazy", width: 420, height: 336 }),
    element("b", { textContent: dish.name }),
    dish.spice ? element("span", { className: "spice", textContent: ` ${words().spice[dish.spice]}` }) : null,
    element("p", { textContent: dish.description }),
    element("div", { className: "prices" },
      element("strong", { textContent: (several && language === "en" ? `${words().from} ` : "") + cost }),
      least.member_fen === null ? null : element("em", { textContent: `${words().member} ${yuan(least.member_fen)}` })));
  const tag = dish.sold_out ? words().gone : (language === "en" && TAGS[dish.tags[0]]) || dish.tags[0];
  if (tag) card.append(element("span", { className: "tag", textContent: tag }));
  return card;
}

function showMenu(menu) {
  byId("menu-title").textContent = words().menu(menu.store_name);
  byId("categories").replaceChildren(...menu.categories.map((each) =>
    element("a", { href: `#c-${each.id}`, textContent: `${each.name} ${each.dishes.length}` })));
  byId("menu").replaceChildren(...menu.categories.flatMap((each) => [
    element("h3", { id: `c-${each.id}`, textContent: each.name }),
    element("ul", { className: "dishes" }, ...each.dishes.map(dishCard)),
  ]));
}

function showOffers(offers, plans) {
  const told = [
    ...offers.map((offer) => [offer.name, [...offer.gives, ...offer.conditions].join(language === "zh" ? "；" : "; ")]),
    ...plans.map((plan) => [nameOf(plan), `${yuan(plan.price_fen)} ${words().month}`]),
  ];
  byId("offers").replaceChildren(...told.map(([name, says]) => element("li", {}, element("b", { textContent: name }), ` ${says}`)));
}

function showDemo(demo) {
  byId("staff").replaceChildren(...demo.sign_ins.map((each) => element("tr", {},
    ...[each.login, each.password, each.pin || "–", each.name, each.role, each.store_name || words().all].map((text) =>
      element("td", { textContent: text })))));
  byId("members").replaceChildren(...demo.members.map((each) => element("li", {},
    element("a", { href: `/sandbox/sms/messages?phone=${each.phone}`, textContent: each.phone }), ` ${each.nickname}`)));
}

async function show() {
  const mine = ++turn;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const each of document.querySelectorAll("[data-zh]")) each.textContent = each.dataset[language];
  byId("language").textContent = words().other;
  byId("language").lang = language === "zh" ? "en" : "zh-CN";
  try {
    const [brand, stores, demo] = await Promise.all([ask("/v1/brand"), ask("/v1/stores"), ask("/v1/demo")]);
    chosen = chosen || (stores.find((store) => store.open_now) || stores[0]).id;
    const [menu, offers, plans] = await Promise.all([
      ask(`/v1/stores/${chosen}/menu`), ask(`/v1/stores/${chosen}/offers`), ask("/v1/subscription-plans")]);
    if (mine !== turn) return; // another store or language was chosen meanwhile
    for (const wall of document.querySelectorAll("[data-wall]")) wall.search = `?store=${chosen}`;
    byId("brand").textContent = brand.name;
    byId("brand-en").textContent = brand.name_en;
    showStores(stores);
    showMenu(menu);
    showOffers(offers, plans);
    showDemo(demo);
    byId("trouble").hidden = true;
  } catch (error) {
    byId("trouble").textContent = words().trouble + error.message;
    byId("trouble").hidden = false;
  }
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  show();
});
show();
