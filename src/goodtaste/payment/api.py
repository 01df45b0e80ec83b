"""The door of payment."""

from goodtaste.payment.agreement import (
    Agreement,
    AgreementIntent,
    AgreementNotice,
    Announced,
    Autopay,
    Autopays,
    DeductIntent,
    Occasion,
)
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
from goodtaste.payment.calls import NOWHERE, Charged, ask, charge, give_back
from goodtaste.payment.cash import TooLittleCash, take
from goodtaste.payment.elsewhere import keep_taken, taken_elsewhere
from goodtaste.payment.gateway import (
    NOTICE_BYTES_MAX,
    Absent,
    Closed,
    Declined,
    Gateways,
    MethodUnknown,
    NoticeRefused,
    Outcome,
    Paid,
    PaymentNotice,
    Pending,
    Refunded,
    RefundIntent,
    RefundNotice,
    RefundOutcome,
    Unknown,
)
from goodtaste.payment.jobs import job_functions
from goodtaste.payment.pay_codes import FORMS as CODE_FORMS
from goodtaste.payment.pay_codes import CodeOfAnother
from goodtaste.payment.proof import PROOFS
from goodtaste.payment.refunds import Begun, NotRefundable, Refund, RefundTooMuch, start_refund
from goodtaste.payment.rules import Back
from goodtaste.payment.settling import Settled, Settlements, settle_changes
from goodtaste.payment.views import PaymentView, RefundView, of_order
from goodtaste.payment.views import view as shown

__all__ = [
    "CODE_FORMS",
    "NOTICE_BYTES_MAX",
    "NOWHERE",
    "PROOFS",
    "Absent",
    "Agreement",
    "AgreementIntent",
    "AgreementNotice",
    "AlreadyPaid",
    "AmountDiffers",
    "Announced",
    "Autopay",
    "Autopays",
    "Back",
    "Begun",
    "Charged",
    "Closed",
    "CodeOfAnother",
    "Declined",
    "DeductIntent",
    "Gateways",
    "MethodUnknown",
    "NotRefundable",
    "NoticeRefused",
    "Occasion",
    "Outcome",
    "Paid",
    "Pay",
    "Payment",
    "PaymentNotice",
    "PaymentUnknown",
    "PaymentView",
    "Pending",
    "Refund",
    "RefundIntent",
    "RefundNotice",
    "RefundOutcome",
    "RefundTooMuch",
    "RefundView",
    "Refunded",
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
