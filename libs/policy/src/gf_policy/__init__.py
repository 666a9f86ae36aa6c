"""The only loader, checker and interpreter of policies/.

book = gf_policy.load()
effective = book.effective_for("national/2025/n25", "cq.yubei")
form = effective.form("factory", "application")
checked = form.check(content)
"""

from gf_policy.authorities import AuthorityTree
from gf_policy.book import Book, load
from gf_policy.calendars import Calendar
from gf_policy.effective import EffectivePolicy
from gf_policy.errors import PolicyError, PolicyLookupError
from gf_policy.forms import Form
from gf_policy.industries import IndustryTable
from gf_policy.model import (
    Authority,
    Checked,
    ChecklistItem,
    EvidenceSlot,
    Exclusion,
    FactRow,
    FormRow,
    FormSection,
    GuardPlan,
    Industry,
    KeyIndustry,
    Policy,
    PolicyRefData,
    Precondition,
    Problem,
    Publicity,
    Route,
    Sector,
    StagePlan,
    UnitAttributes,
    Window,
)

__all__ = [
    "Authority",
    "AuthorityTree",
    "Book",
    "Calendar",
    "Checked",
    "ChecklistItem",
    "EffectivePolicy",
    "EvidenceSlot",
    "Exclusion",
    "FactRow",
    "Form",
    "FormRow",
    "FormSection",
    "GuardPlan",
    "Industry",
    "IndustryTable",
    "KeyIndustry",
    "Policy",
    "PolicyError",
    "PolicyLookupError",
    "PolicyRefData",
    "Precondition",
    "Problem",
    "Publicity",
    "Route",
    "Sector",
    "StagePlan",
    "UnitAttributes",
    "Window",
    "load",
]
