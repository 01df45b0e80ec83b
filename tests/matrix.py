"""Who may do what: every route of the house, and what each caller gets there.

    +  let in: it is done, or refused for what was asked, not for who asks
    -  known, and may not
    ?  must sign in first
    0  answered as if it did not exist, so that ids cannot be probed

The callers, in the order of the columns:

    guest      nobody has signed in
    owner      the member whose order, visit, points and coupons these are
    other      another member
    terminal   a paired device of the store, with nobody signed in at it
    kitchen waiter cashier manager   people of the store
    cashier~ manager~                people of another store of the brand
    marketer analyst auditor finance admin   people of the head office
"""

from __future__ import annotations

CALLERS = (
    "guest", "owner", "other", "terminal", "kitchen", "waiter", "cashier", "manager", "cashier~", "manager~",
    "marketer", "analyst", "auditor", "finance", "admin",
)  # fmt: skip

# a paired kiosk gets what any terminal gets, but for these; of orders it knows those that were placed at it
KIOSK = {
    "POST /v1/orders": "+",
    "GET /v1/orders/{order_id}": "0",
    "POST /v1/orders/{order_id}/cancel": "0",
    "POST /v1/orders/{order_id}/payments": "0",
    "GET /v1/orders/{order_id}/progress": "0",
    "GET /v1/orders/{order_id}/progress/live": "0",
    "POST /v1/quotes": "+",
    "POST /v1/member-codes/scan": "+",
    "GET /v1/stores/{store_id}/kitchen": "-",
    "GET /v1/stores/{store_id}/kitchen/live": "-",
    "POST /v1/stores/{store_id}/kitchen/acts": "-",
}

MATRIX = """
#                                                                 gu ow ot te   ki wa ca ma   c~ m~   mk an au fi ad
# health
GET    /health                                                  | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /health/live                                             | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /health/ready                                            | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
# pages
GET    /                                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /pictures/{name}                                         | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /docs                                                    | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /docs/assets/{name}                                      | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /site/{name}                                             | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /docs/refusals                                           | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/demo                                                 | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
# the brand, its stores and tables
GET    /v1/brand                                                | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/brand                                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/stores                                               | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/stores                                               | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}                                    | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/stores/{store_id}                                    | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/areas                              | ?  -  -  -  | +  +  +  +  | -  -  | +  +  +  +  +
POST   /v1/stores/{store_id}/areas                              | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/areas/{area_id}                    | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
DELETE /v1/stores/{store_id}/special-days/{day}                 | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/special-days/{day}                 | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/stores/{store_id}/switch                             | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/tables                             | ?  -  -  -  | +  +  +  +  | -  -  | +  +  +  +  +
POST   /v1/stores/{store_id}/tables                             | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/tables/{table_id}                  | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/tables/{code}                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
# the menu, and what is left of it
GET    /v1/stores/{store_id}/menu                               | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/menu/categories                                      | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/menu/categories                                      | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
PUT    /v1/menu/categories/{category_id}                        | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/menu/dishes                                          | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/menu/dishes                                          | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/menu/shelf                                           | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/menu/dishes/{dish_id}                                | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/menu/dishes/{dish_id}                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/menu/dishes/{dish_id}/switch                         | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/menu/export                                          | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/menu/import                                          | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/menu/import-template                                 | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/menu/prices                                          | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/menu/prices                                          | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/menu/prices/preview                                  | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
DELETE /v1/menu/prices/{price_id}                               | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/stock                              | ?  -  -  -  | +  +  +  +  | -  -  | +  +  +  +  +
POST   /v1/stores/{store_id}/stock/{sku_id}/portions            | ?  -  -  -  | +  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/stock/{sku_id}/portions            | ?  -  -  -  | +  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/stock/{sku_id}/sold-out            | ?  -  -  -  | +  -  -  +  | -  -  | -  -  -  -  +
# the staff
GET    /v1/staff                                                | ?  -  -  -  | -  -  -  +  | -  +  | -  -  +  -  +
POST   /v1/staff                                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/staff/me                                             | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/staff/me/password                                    | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/staff/me/pin                                         | ?  -  -  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/staff/sign-in                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/staff/{staff_id}                                     | ?  -  -  -  | -  -  -  +  | -  0  | -  -  +  -  +
PUT    /v1/staff/{staff_id}/password                            | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
PUT    /v1/staff/{staff_id}/pin                                 | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/staff/{staff_id}/roles                               | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
DELETE /v1/staff/{staff_id}/roles/{role}                        | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/staff/{staff_id}/switch                              | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
# terminals
GET    /v1/terminals                                            | ?  -  -  -  | -  -  -  +  | -  +  | -  -  -  -  +
POST   /v1/terminals/pair                                       | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/terminals/pairings                                   | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/terminals/pin-sign-in                                | ?  -  -  +  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/terminals/staff                                      | ?  -  -  +  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/terminals/{terminal_id}/revoke                       | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
# sessions; a refresh token is its own right, and these are nobody's
DELETE /v1/sessions                                             | ?  +  +  -  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/sessions                                             | ?  +  +  -  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/sessions/refresh                                     | ?  ?  ?  ?  | ?  ?  ?  ?  | ?  ?  | ?  ?  ?  ?  ?
DELETE /v1/sessions/{session_id}                                | ?  0  0  -  | 0  0  0  0  | 0  0  | 0  0  0  0  0
# signing in as a member
POST   /v1/auth/phone                                           | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/auth/phone/code                                      | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/me/privacy-code                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/exports                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/exports/{token}                                      | 0  0  0  0  | 0  0  0  0  | 0  0  | 0  0  0  0  0
GET    /v1/me/erasure                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/erasure                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
DELETE /v1/me/erasure                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/addresses                                         | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
PUT    /v1/me/addresses/{address_id}                            | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
DELETE /v1/me/addresses/{address_id}                            | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/auth/wechat                                          | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
# what the head office looks at
GET    /v1/today                                                | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
GET    /v1/orders                                               | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/approvers                          | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/audit                                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  +  +  +
GET    /v1/audit/verdict                                        | ?  -  -  -  | -  -  -  -  | -  -  | -  -  +  +  +
GET    /v1/house                                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/members                                              | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
GET    /v1/members/{member_id}/consents                         | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
GET    /v1/members/{member_id}/points                           | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
GET    /v1/members/{member_id}/points/lots                      | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
GET    /v1/members/{member_id}/points/history                   | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
# orders
GET    /v1/me/orders                                            | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/orders                                               | ?  +  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}                                    | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/advance                            | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/bill                               | ?  +  0  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/cancel                             | ?  +  0  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/cash                               | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/close                              | ?  +  0  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/discounts                          | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/discounts                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/discounts/{discount_id}/end        | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/fire                               | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/member                             | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/member/preview                     | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/merge                              | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/moves                              | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/open-again                         | ?  +  0  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/parts                              | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/parts                              | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/parts/{payment_id}/take-back       | ?  -  -  -  | -  -  -  0  | -  -  | -  -  -  -  0
GET    /v1/orders/{order_id}/payments                           | ?  +  0  -  | -  -  -  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/payments                           | ?  +  0  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/refunds/preview                    | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/orders/{order_id}/refund-requests                    | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/refund-requests                    | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/refund-requests                                      | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/refund-requests/{request_id}/approve                 | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/refund-requests/{request_id}/decline                 | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/refund-requests/{request_id}/withdraw                | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/orders/{order_id}/refunds                            | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/refunds                            | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/returns                            | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/orders/{order_id}/reopen                             | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/returns                            | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/rounds                             | ?  +  0  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/seat                               | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/shares                             | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/orders/{order_id}/address                            | ?  +  0  -  | +  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/steps                              | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/quotes                                               | +  +  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/orders                             | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
# payments; a gateway signs what it tells
GET    /v1/payment-methods                                      | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/gateways/{method}/notices                            | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/payments                                             | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
POST   /v1/payments/{payment_id}/ask                            | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/payments/{payment_id}/give-up                        | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/refunds/owed                                         | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
POST   /v1/refunds/{refund_id}/take-over                        | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/refunds/{refund_id}/ask                              | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/refunds/{refund_id}/make-up                          | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
# the floor: seatings, and the phones at a table, whose right is their token
POST   /v1/tables/{code}/scan                                   | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/seating                                              | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/seating/cart/{line_id}                               | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/seating/rounds                                       | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/seating/bills/{order_id}/payments                    | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/seating/shares                                       | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/seating/calls                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/seating/calls                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/seating/calls/{call_id}/cancel                       | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/stores/{store_id}/calls                              | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/calls/live                         | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/calls/{call_id}/answer                               | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/seatings                           | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/stores/{store_id}/seatings                           | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/floor-rules                        | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
PUT    /v1/stores/{store_id}/floor-rules                        | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/seatings/{seating_id}                                | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/billed                         | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/bills                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/close                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/merge                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/new-tokens                     | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/parts                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
PUT    /v1/seatings/{seating_id}/party                          | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
PUT    /v1/seatings/{seating_id}/tables                         | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/seatings/{seating_id}/transfer                       | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
# drawers, shifts and trading days
POST   /v1/shifts                                               | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/shifts/{shift_id}                                    | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/shifts/{shift_id}/cash                               | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/shifts/{shift_id}/close                              | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/shifts/{shift_id}/count                              | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/shifts/{shift_id}/hand-over                          | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
POST   /v1/drawer-openings                                      | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/cash-moves                         | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/days/{day}                         | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
POST   /v1/stores/{store_id}/days/{day}/close                   | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/drawer                             | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/shifts                             | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/z-reports                          | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/z-reports/{number}                 | ?  -  -  -  | -  -  -  +  | -  -  | -  +  +  +  +
POST   /v1/stores/{store_id}/z-reports/{number}/prints          | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
# the gateways' bills, and what differs
GET    /v1/bills/{method}                                       | ?  -  -  -  | -  -  -  -  | -  -  | -  +  +  +  +
POST   /v1/bills/{method}/{day}                                 | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
GET    /v1/differences                                          | ?  -  -  -  | -  -  -  -  | -  -  | -  +  +  +  +
POST   /v1/differences/{difference_id}/owner                    | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  0  0
POST   /v1/differences/{difference_id}/resolve                  | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  0  0
# signed bills, whose right is their signature
GET    /v1/stores/{store_id}/bill-key                           | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/orders/{order_id}/signed-bill                        | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/signed-bills/pay                                     | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/signed-bills/cash                                    | ?  -  -  -  | -  -  +  +  | +  +  | -  -  -  -  +
POST   /v1/signed-bills/receipt                                 | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/signed-receipts/read                                 | ?  -  -  -  | -  -  +  +  | +  +  | -  -  -  -  +
# who took off, back and out
GET    /v1/stores/{store_id}/staff-report                       | ?  -  -  -  | -  -  -  +  | -  -  | -  -  +  +  +
# accounts of business guests
GET    /v1/accounts                                             | ?  -  -  -  | -  -  +  +  | +  +  | -  +  +  +  +
POST   /v1/accounts                                             | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
PUT    /v1/accounts/{account_id}                                | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
POST   /v1/accounts/{account_id}/settlements                    | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  +  +
GET    /v1/accounts/{account_id}/statement                      | ?  -  -  -  | -  -  +  +  | +  +  | -  +  +  +  +
# live screens
GET    /v1/seating/live                                         | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/seatings/{seating_id}/live                           | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/progress/live                      | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/kitchen/live                       | ?  -  -  +  | +  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/pickups/live                       | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/stores/{store_id}/seatings/live                      | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
# the kitchen
POST   /v1/seating/hurry                                        | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/orders/{order_id}/hurry                              | ?  +  0  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/orders/{order_id}/progress                           | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/kitchen                            | ?  -  -  +  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/stores/{store_id}/kitchen/acts                       | ?  -  -  +  | +  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/kitchen/pace                       | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
GET    /v1/stores/{store_id}/kitchen/plan                       | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
PUT    /v1/stores/{store_id}/kitchen/routes                     | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/kitchen/stations/{station_id}      | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/pickups                            | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/stores/{store_id}/pickups/{order_id}/call            | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
# coupons
GET    /v1/coupon-templates                                     | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-templates                                     | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-templates/{template_id}                       | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
PUT    /v1/coupon-templates/{template_id}                       | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-templates/{template_id}/numbers               | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-templates/{template_id}/switch                | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-batches                                       | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-batches                                       | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-batches/{batch_id}                            | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-batches/{batch_id}/download                   | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/coupon-batches/{batch_id}/void                       | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-campaigns                                     | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-campaigns                                     | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/coupon-campaigns/{campaign_id}                       | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupon-campaigns/{campaign_id}/go                    | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/coupon-campaigns/{campaign_id}/members               | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/me/coupon-gifts                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/coupon-gifts                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
DELETE /v1/me/coupon-gifts/{gift_id}                            | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/coupon-codes                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/coupons/{coupon_id}/gift                          | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/coupons/{coupon_id}                                  | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupons/{coupon_id}/extend                           | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/coupons/{coupon_id}/revoke                           | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/members/{member_id}/coupons                          | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/coupons                                              | ?  -  -  -  | -  -  -  +  | -  +  | +  -  -  -  +
GET    /v1/me/coupons                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/coupons                                           | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
# offers
GET    /v1/offer-switch                                         | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
POST   /v1/offer-switch                                         | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/offers                                               | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
POST   /v1/offers                                               | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/offers/{offer_id}                                    | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
PUT    /v1/offers/{offer_id}                                    | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/offers/{offer_id}/dry-run                            | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/offers/{offer_id}/publish                            | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/offers/{offer_id}/stop                               | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/offers/{offer_id}/versions                           | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
POST   /v1/price-explanations                                   | ?  -  -  -  | -  -  -  +  | -  -  | +  +  +  -  +
GET    /v1/stores/{store_id}/offers                             | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
# the points shop
GET    /v1/me/shop/exchanges                                    | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/shop/exchanges                                    | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/shop/exchanges/{exchange_id}/cancel               | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/shop/items                                        | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/shop/exchanges/{exchange_id}/cancel                  | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/shop/hand-overs                                      | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/shop/items                                           | ?  -  -  -  | -  -  +  +  | +  +  | +  +  +  -  +
POST   /v1/shop/items                                           | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
PUT    /v1/shop/items/{item_id}                                 | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/shop/items/{item_id}/stock                           | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
POST   /v1/shop/items/{item_id}/switch                          | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
# subscriptions; a gateway signs what it tells
POST   /v1/agreements/notices                                   | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/subscription-plans                                   | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/subscription-plans                                   | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/subscription-plans/all                               | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
POST   /v1/subscription-plans/{plan_id}/switch                  | ?  -  -  -  | -  -  -  -  | -  -  | +  -  -  -  +
GET    /v1/me/subscriptions                                     | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/subscriptions                                     | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/subscriptions/{subscription_id}/cancel            | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/subscriptions/{subscription_id}/plan              | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/subscriptions/{subscription_id}/plan-price        | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/subscriptions/{subscription_id}/resume            | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/subscriptions/{subscription_id}/try-again         | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/subscriptions                                        | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
GET    /v1/subscriptions/{subscription_id}                      | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
POST   /v1/subscriptions/{subscription_id}/refunds              | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
POST   /v1/subscriptions/{subscription_id}/stop                 | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
GET    /v1/subscription-refunds/owed                            | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
POST   /v1/subscription-refunds/{back_id}/take-over             | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
POST   /v1/subscription-refunds/{back_id}/ask                   | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
POST   /v1/subscription-refunds/{back_id}/make-up               | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  +  +
# members: oneself
GET    /v1/me                                                   | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
PATCH  /v1/me                                                   | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me                                                   | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/code                                              | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/consents                                          | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/consents                                          | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/level                                             | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/level/history                                     | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/phone                                             | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/points                                            | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/points/expiring                                   | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/favourites                                        | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
PUT    /v1/me/favourites/{dish_id}                              | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
DELETE /v1/me/favourites/{dish_id}                              | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/points/gifts                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
POST   /v1/me/points/gifts                                      | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
GET    /v1/me/points/history                                    | ?  +  +  -  | -  -  -  -  | -  -  | -  -  -  -  -
# members: as the staff see them
GET    /v1/member-codes/keys                                    | ?  -  -  +  | -  +  +  +  | +  +  | -  -  -  -  +
POST   /v1/member-codes/scan                                    | ?  -  -  -  | -  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/members/{member_id}                                  | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
POST   /v1/members/{member_id}/freeze                           | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/members/{member_id}/level                            | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
GET    /v1/members/{member_id}/level/history                    | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
POST   /v1/members/{member_id}/level                            | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/members/{member_id}/level/end                        | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  0
POST   /v1/members/{member_id}/phone                            | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/members/{member_id}/points                           | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/members/{member_id}/unfreeze                         | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
# points: limits, corrections that need two persons, and what is owed
GET    /v1/points/adjustments                                   | ?  -  -  -  | -  -  -  +  | -  +  | -  -  -  -  +
POST   /v1/points/adjustments                                   | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/points/adjustments/{adjustment_id}/approve           | ?  -  -  -  | -  -  -  0  | -  0  | -  -  -  -  0
POST   /v1/points/adjustments/{adjustment_id}/refuse            | ?  -  -  -  | -  -  -  0  | -  0  | -  -  -  -  0
GET    /v1/points/liability                                     | ?  -  -  -  | -  -  -  -  | -  -  | -  +  +  +  +
POST   /v1/points/proofs                                        | ?  -  -  -  | -  -  -  -  | -  -  | -  -  +  +  +
GET    /v1/points/accounts                                      | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
GET    /v1/points/rules                                         | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  +  +
PUT    /v1/points/rules                                         | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/level-plan                                           | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
GET    /v1/level-plan/versions                                  | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
PUT    /v1/level-plan                                           | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/program                                              | ?  -  -  -  | -  -  -  +  | -  +  | +  +  +  -  +
PUT    /v1/program                                              | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
# receipts and invoices
GET    /v1/receipts/{token}                                     | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/orders/{order_id}/feedback                           | ?  +  0  -  | +  +  +  +  | -  -  | -  +  +  +  +
PUT    /v1/orders/{order_id}/feedback                           | ?  +  0  -  | -  -  -  -  | -  -  | -  -  -  -  -
PUT    /v1/orders/{order_id}/feedback/answer                    | ?  -  -  -  | -  -  -  0  | -  -  | -  -  -  -  0
GET    /v1/receipts/{token}/feedback                            | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
PUT    /v1/receipts/{token}/feedback                            | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/stores/{store_id}/feedback                           | ?  -  -  -  | +  +  +  +  | -  -  | -  +  +  +  +
POST   /v1/receipts/{token}/invoice                             | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /r/{token}                                               | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /r/{token}                                               | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
POST   /v1/orders/{order_id}/invoice                            | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/invoices                           | ?  -  -  -  | -  -  +  +  | -  -  | -  -  +  +  +
POST   /v1/invoices/{invoice_id}/ask                            | ?  -  -  -  | -  -  +  +  | -  -  | -  -  -  -  +
# printing
GET    /v1/stores/{store_id}/printers                           | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/stores/{store_id}/printers                           | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
PUT    /v1/printers/{printer_id}                                | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
POST   /v1/printers/{printer_id}/test                           | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/printers/feie/notices                                | +  +  +  +  | +  +  +  +  | +  +  | +  +  +  +  +
GET    /v1/stores/{store_id}/printing                           | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
PUT    /v1/stores/{store_id}/printing                           | ?  -  -  -  | -  -  -  +  | -  -  | -  -  -  -  +
GET    /v1/stores/{store_id}/print-jobs                         | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/print-jobs/{job_id}                                  | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
GET    /v1/print-jobs/{job_id}/picture                          | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/print-jobs/{job_id}/reprint                          | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/print-jobs/{job_id}/move                             | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/orders/{order_id}/prints                             | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
POST   /v1/print-jobs/{job_id}/handle                           | ?  -  -  -  | +  +  +  +  | -  -  | -  -  -  -  +
# events that could not be digested
GET    /v1/dead-letters                                         | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
GET    /v1/dead-letters/{letter_id}                             | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/dead-letters/{letter_id}/discard                     | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
POST   /v1/dead-letters/{letter_id}/replay                      | ?  -  -  -  | -  -  -  -  | -  -  | -  -  -  -  +
"""


def rows() -> dict[str, dict[str, str]]:
    """Return what each caller gets at each route."""
    found: dict[str, dict[str, str]] = {}
    for text in MATRIX.strip().splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        route, _, cells = text.partition("|")
        name, marks = " ".join(route.split()), cells.replace("|", "").split()
        assert len(marks) == len(CALLERS), text
        assert name not in found, text
        found[name] = dict(zip(CALLERS, marks, strict=True))
    return found
