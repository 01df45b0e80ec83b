"""The door of promotions."""

from goodtaste.promo.asked import Ground, NewTemplate, ground
from goodtaste.promo.bulk.campaigns import LIST_MAX, Campaign, Go, NewCampaign, enlist
from goodtaste.promo.bulk.campaigns import Members as CampaignMembers
from goodtaste.promo.bulk.campaigns import go as go_campaign
from goodtaste.promo.bulk.campaigns import make as make_campaign
from goodtaste.promo.bulk.campaigns import read as read_campaign
from goodtaste.promo.bulk.campaigns import run_all as run_campaign
from goodtaste.promo.bulk.codes import CODES_MAX, NewBatch, open_download
from goodtaste.promo.bulk.codes import lines as code_lines
from goodtaste.promo.bulk.codes import make_all as make_codes
from goodtaste.promo.bulk.codes import order as order_codes
from goodtaste.promo.coupons import (
    CouponNotApplicable,
    CouponUnknown,
    CouponUsed,
    Held,
    at_hand,
    at_store,
    back_at_store,
    by_ids,
    give_back,
    hold,
    owned,
    read,
    redeem,
    redeem_held,
    reverse,
)
from goodtaste.promo.issue import Claim, Issue, claim, issue
from goodtaste.promo.numbers import numbers
from goodtaste.promo.offers.live import (
    Hand,
    LiveOffer,
    LiveOffers,
    Out,
    hand_of,
    live_offers_snapshot,
    read_live,
)
from goodtaste.promo.offers.live import queries as offer_queries
from goodtaste.promo.offers.saved import OfferChange, OfferUnknown, OfferView, change_offer, make_offer, terms_at
from goodtaste.promo.offers.saved import State as OfferState
from goodtaste.promo.offers.saved import page as offers_page
from goodtaste.promo.offers.stop import Halt, Publish, halt, publish
from goodtaste.promo.offers.stop import stop as stop_offer
from goodtaste.promo.offers.terms import BadOffer, Terms, faults_of, known_here
from goodtaste.promo.offers.uses import GUARDS as OFFER_GUARDS
from goodtaste.promo.offers.uses import OfferUse, Used, change_uses, in_one, use_offers
from goodtaste.promo.offers.uses import give_back as give_back_offers
from goodtaste.promo.offers.uses import of_order as offers_of_order
from goodtaste.promo.proof import PROOFS
from goodtaste.promo.subscription.plans import NewPlan
from goodtaste.promo.subscription.plans import make as make_plan
from goodtaste.promo.subscription.standing import rights
from goodtaste.promo.templates import Template, make, switch
from goodtaste.promo.templates import page as templates

__all__ = [
    "CODES_MAX",
    "LIST_MAX",
    "OFFER_GUARDS",
    "PROOFS",
    "BadOffer",
    "Campaign",
    "CampaignMembers",
    "Claim",
    "CouponNotApplicable",
    "CouponUnknown",
    "CouponUsed",
    "Go",
    "Ground",
    "Halt",
    "Hand",
    "Held",
    "Issue",
    "LiveOffer",
    "LiveOffers",
    "NewBatch",
    "NewCampaign",
    "NewPlan",
    "NewTemplate",
    "OfferChange",
    "OfferState",
    "OfferUnknown",
    "OfferUse",
    "OfferView",
    "Out",
    "Publish",
    "Template",
    "Terms",
    "Used",
    "at_hand",
    "at_store",
    "back_at_store",
    "by_ids",
    "change_offer",
    "change_uses",
    "claim",
    "code_lines",
    "enlist",
    "faults_of",
    "give_back",
    "give_back_offers",
    "go_campaign",
    "ground",
    "halt",
    "hand_of",
    "hold",
    "in_one",
    "issue",
    "known_here",
    "live_offers_snapshot",
    "make",
    "make_campaign",
    "make_codes",
    "make_offer",
    "make_plan",
    "numbers",
    "offer_queries",
    "offers_of_order",
    "offers_page",
    "open_download",
    "order_codes",
    "owned",
    "publish",
    "read",
    "read_campaign",
    "read_live",
    "redeem",
    "redeem_held",
    "reverse",
    "rights",
    "run_campaign",
    "stop_offer",
    "switch",
    "templates",
    "terms_at",
    "use_offers",
]
