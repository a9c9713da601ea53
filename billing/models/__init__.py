"""The tables about what is bought and owed."""

from billing.models.approval_limits import ApprovalLimits, FirstApproval
from billing.models.balance import BalanceEntry
from billing.models.bank_payment import BankBooking, BankPayment
from billing.models.calendar_link import CalendarLink
from billing.models.cancellation import Cancellation, DataExport
from billing.models.catalogue import Catalogue, CatalogueVersion, Edition, Price, Product
from billing.models.change_request import ChangeRequest, RequestComment
from billing.models.charge import Charge, InvoicePayment
from billing.models.clock_move import ClockMove
from billing.models.dunning import DunningEntry
from billing.models.invoice import Invoice, InvoiceLine, Numbering
from billing.models.kept_quote import KeptQuote
from billing.models.loaded_account import LoadedAccount
from billing.models.payment_link import PaymentLink
from billing.models.payment_method import PaymentMethod, PaymentSetup
from billing.models.planned_invitation import PlannedInvitation
from billing.models.price_change import AgreedPrice, PriceEnding, PriceEndingNotice
from billing.models.profile import BillingProfile, InvoiceRecipient, PostalAddress
from billing.models.promo_code import PromoCode, PromoCodeEntry, PromoRedemption
from billing.models.quote import Quote
from billing.models.reconciliation import ProviderMessage, ReconciliationPoint
from billing.models.refund import Refund
from billing.models.reminder import RenewalReminder
from billing.models.sandbox import SandboxPayment, SandboxRefund, SandboxSetup
from billing.models.seats import AgentSeat, TemporarySeats
from billing.models.subscription import Discount, Line, PaidSegment, ScheduledChange, Subscription
from billing.models.tax_rate import TaxRate
from billing.models.write_off import WriteOff

__all__ = [
    "AgentSeat",
    "AgreedPrice",
    "ApprovalLimits",
    "BalanceEntry",
    "BankBooking",
    "BankPayment",
    "BillingProfile",
    "CalendarLink",
    "Cancellation",
    "Catalogue",
    "CatalogueVersion",
    "ChangeRequest",
    "Charge",
    "ClockMove",
    "DataExport",
    "Discount",
    "DunningEntry",
    "Edition",
    "FirstApproval",
    "Invoice",
    "InvoiceLine",
    "InvoicePayment",
    "InvoiceRecipient",
    "KeptQuote",
    "Line",
    "LoadedAccount",
    "Numbering",
    "PaidSegment",
    "PaymentLink",
    "PaymentMethod",
    "PaymentSetup",
    "PlannedInvitation",
    "PostalAddress",
    "Price",
    "PriceEnding",
    "PriceEndingNotice",
    "Product",
    "PromoCode",
    "PromoCodeEntry",
    "PromoRedemption",
    "ProviderMessage",
    "Quote",
    "ReconciliationPoint",
    "Refund",
    "RenewalReminder",
    "RequestComment",
    "SandboxPayment",
    "SandboxRefund",
    "SandboxSetup",
    "ScheduledChange",
    "Subscription",
    "TaxRate",
    "TemporarySeats",
    "WriteOff",
]
