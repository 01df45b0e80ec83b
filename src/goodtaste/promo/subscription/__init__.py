"""Subscriptions: paid memberships by the calendar month, with benefits, renewed by an agreement that the member signed once.

They stand in promotions because they charge through payment, ask members and issue coupons, all of which lie below.

Promises: a period is paid for once and its benefits are given once; nobody is charged for a renewal without a message that was delivered
five days before, nor at a price they did not agree to; money that comes late or twice goes back.  All of these are constraints.

How it moves: everything that is to be done with a subscription follows from its rows and the instant (`rules.next_act`), so whoever looks
at it (the job, a notice of the gateway, a request) does the same next thing, and a house that was down for days simply goes on.
"""
