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
    LoginCode,
    Method,
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
from goodtaste.payment.calls import NOWHERE, Charged, ask, charge, give_back, give_back_of
from goodtaste.payment.cash import TooLittleCash, take
from goodtaste.payment.elsewhere import keep_taken, taken_elsewhere
from goodtaste.payment.gateway import (
    NOTICE_BYTES_MAX,
    Absent,
    Bill,
    BillLine,
    BillOutcome,
    Closed,
    Declined,
    Gateways,
    MethodUnknown,
    NoticeRefused,
    NotYet,
    Outcome,
    Paid,
    PaymentNotice,
    Pending,
    Refunded,
    RefundIntent,
    RefundNotice,
    RefundOutcome,
    Unknown,
    Way,
)
from goodtaste.payment.jobs import RECURRING, job_functions
from goodtaste.payment.pay_codes import FORMS as CODE_FORMS
from goodtaste.payment.pay_codes import CodeOfAnother, NotAPayCode
from goodtaste.payment.proof import PROOFS
from goodtaste.payment.reconcile.match import Reconciled, match_file
from goodtaste.payment.reconcile.match import fetch as fetch_bill
from goodtaste.payment.reconcile.work import page as differences
from goodtaste.payment.refunds import Begun, NotRefundable, Refund, RefundTooMuch, start_refund
from goodtaste.payment.rules import Back
from goodtaste.payment.settling import Settled, Settlements, settle_changes
from goodtaste.payment.split.parts import Begun as PartBegun
from goodtaste.payment.split.parts import PayPart, as_pay, begin_part, payers_of, settle_sums, spread, take_back
from goodtaste.payment.split.sums import Split, split_of, splits_of
from goodtaste.payment.split.tenders import ByWallet, Counter
from goodtaste.payment.tills.days import ClosedDays, closed_days_snapshot
from goodtaste.payment.tills.figures import DayBooks, Sales
from goodtaste.payment.tills.z import ZReport
from goodtaste.payment.tills.z import one as z_report
from goodtaste.payment.views import PaymentView, RefundView, of_order, orders_paid_by
from goodtaste.payment.views import view as shown

__all__ = [
    "CODE_FORMS",
    "NOTICE_BYTES_MAX",
    "NOWHERE",
    "PROOFS",
    "RECURRING",
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
    "Bill",
    "BillLine",
    "BillOutcome",
    "ByWallet",
    "Charged",
    "Closed",
    "ClosedDays",
    "CodeOfAnother",
    "Counter",
    "DayBooks",
    "Declined",
    "DeductIntent",
    "Gateways",
    "LoginCode",
    "Method",
    "MethodUnknown",
    "NotAPayCode",
    "NotRefundable",
    "NotYet",
    "NoticeRefused",
    "Occasion",
    "Outcome",
    "Paid",
    "PartBegun",
    "Pay",
    "PayPart",
    "Payment",
    "PaymentNotice",
    "PaymentUnknown",
    "PaymentView",
    "Pending",
    "Reconciled",
    "Refund",
    "RefundIntent",
    "RefundNotice",
    "RefundOutcome",
    "RefundTooMuch",
    "RefundView",
    "Refunded",
    "Sales",
    "Settled",
    "Settlements",
    "Split",
    "Started",
    "TooLittleCash",
    "UnderWay",
    "Unknown",
    "Way",
    "ZReport",
    "as_pay",
    "ask",
    "begin_part",
    "charge",
    "closed_days_snapshot",
    "differences",
    "end",
    "fetch_bill",
    "give_back",
    "give_back_of",
    "holder_of",
    "job_functions",
    "keep_taken",
    "match_file",
    "of_order",
    "one",
    "orders_paid_by",
    "payers_of",
    "settle_changes",
    "settle_sums",
    "shown",
    "split_of",
    "splits_of",
    "spread",
    "start",
    "start_refund",
    "take",
    "take_back",
    "taken_elsewhere",
    "z_report",
]
