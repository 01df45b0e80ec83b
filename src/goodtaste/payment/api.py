"""The door of payment."""

from goodtaste.payment.attempts import (
    AlreadyPaid,
    AmountDiffers,
    Pay,
    Payment,
    PaymentUnknown,
    Started,
    UnderWay,
    end,
    holder_of,
    one,
    start,
)
from goodtaste.payment.calls import Charged, ask, charge, give_back
from goodtaste.payment.cash import TooLittleCash, take
from goodtaste.payment.elsewhere import keep_taken, taken_elsewhere
from goodtaste.payment.gateway import Closed, Declined, Gateways, MethodUnknown, Outcome, Paid, Pending, Unknown
from goodtaste.payment.jobs import job_functions
from goodtaste.payment.proof import PROOFS
from goodtaste.payment.refunds import Begun, NotRefundable, Refund, RefundTooMuch, start_refund
from goodtaste.payment.rules import Back
from goodtaste.payment.settling import Settled, Settlements, settle_changes
from goodtaste.payment.views import PaymentView, RefundView, of_order
from goodtaste.payment.views import view as shown

__all__ = [
    "PROOFS",
    "AlreadyPaid",
    "AmountDiffers",
    "Back",
    "Begun",
    "Charged",
    "Closed",
    "Declined",
    "Gateways",
    "MethodUnknown",
    "NotRefundable",
    "Outcome",
    "Paid",
    "Pay",
    "Payment",
    "PaymentUnknown",
    "PaymentView",
    "Pending",
    "Refund",
    "RefundTooMuch",
    "RefundView",
    "Settled",
    "Settlements",
    "Started",
    "TooLittleCash",
    "UnderWay",
    "Unknown",
    "ask",
    "charge",
    "end",
    "give_back",
    "holder_of",
    "job_functions",
    "keep_taken",
    "of_order",
    "one",
    "settle_changes",
    "shown",
    "start",
    "start_refund",
    "take",
    "taken_elsewhere",
]
