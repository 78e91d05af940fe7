"""What tells who somebody is: the headers of such columns in Italian and English, and the shapes of what stands in them."""

from __future__ import annotations

import re
import unicodedata

# Headers without accents, case and punctuation; those of a roster, which pseudonymise reads, first.
WHOLE_NAME = (
    "name", "full name", "nominativo", "nome e cognome", "cognome e nome", "nome cognome", "cognome nome",
)  # fmt: skip
FIRST_NAME = ("first name", "given name", "nome")
LAST_NAME = ("last name", "surname", "family name", "cognome")
BIRTH_DATE = ("birth date", "date of birth", "birthday", "data di nascita", "data nascita", "nato il", "nata il")
USER = (
    "username",
    "user name",
    "nome utente",
    "utente",
    "respondent name",
    "firstname",
    "lastname",
    "il tuo nome",
    "your name",
)
MAIL = (
    "email", "e mail", "mail", "email address", "e mail address", "indirizzo email", "indirizzo e mail", "posta elettronica",
    "indirizzo di posta elettronica", "emailaddress",
)  # fmt: skip
TELEPHONE = (
    "telefono", "cellulare", "tel", "cell", "numero di telefono", "numero di cellulare", "recapito", "recapito telefonico",
    "phone", "telephone", "mobile", "phone number", "telephone number", "mobile number", "phonenumber",
)  # fmt: skip
TAX_CODE = ("codice fiscale", "cod fiscale", "cf", "tax code", "fiscal code")
PLACE = ("indirizzo", "indirizzo di residenza", "residenza", "address", "home address", "street address")
NETWORK = ("ip", "ip address", "indirizzo ip", "ipaddr", "ipaddress", "network id")
HEADERS = frozenset((
    *WHOLE_NAME, *FIRST_NAME, *LAST_NAME, *BIRTH_DATE, *USER, *MAIL, *TELEPHONE, *TAX_CODE, *PLACE, *NETWORK,
))  # fmt: skip
# Words that make a longer header one of these; the others are too common within a question.
WITHIN = frozenset(
    HEADERS - {"name", "nome", "tel", "cell", "cf", "ip", "utente", "indirizzo", "address", "mobile", "mail"}
)
MAIL_SHAPE = re.compile(r"[^\s@<>;,]+@[^\s@<>;,]+\.[A-Za-z]{2,}")
# Italian mobile and land lines, and any number with a country's prefix.
TELEPHONE_SHAPE = re.compile(
    r"(?<![\w.,/:-])(?:"
    r"(?:(?:\+|00)39[ .-]?)?(?:3\d{2}[ ./-]?\d{3}[ ./-]?\d{3,4}|0\d{1,3}[ /-]\d{5,8})|\+\d{1,3}[ .-]?\d[\d .-]{6,12}\d"
    r")(?![\w.,/:-])"
)
# Letters of the name, year, month, day, town, check; in place of digits the letters that tell namesakes apart.
TAX_CODE_SHAPE = re.compile(r"\b[A-Z]{6}[\dL-V]{2}[A-EHLMPRST][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]\b", re.IGNORECASE)


def folded(header: str) -> str:
    """Return a header without accents, case and punctuation."""
    plain = unicodedata.normalize("NFKD", header).casefold()
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", bare))


def heads_identity(header: str) -> bool:
    """Tell whether a header is that of a column which tells who somebody is."""
    return folded(header.rpartition("/")[2]) in HEADERS


def may_identify(header: str) -> bool:
    """Tell whether a header is such a column's, or holds its words."""
    words = folded(header)
    return heads_identity(header) or any(f" {one} " in f" {words} " for one in WITHIN)


def shows_identity(cell: str) -> bool:
    """Tell whether a text holds a mail address, a telephone number or an Italian tax code."""
    return bool(MAIL_SHAPE.search(cell) or TELEPHONE_SHAPE.search(cell) or TAX_CODE_SHAPE.search(cell))
