"""Tax numbers of each country by their own names, their check digits by python-stdnum, without a network."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from billing.rules.countries import vat_prefix
from billing.rules.parties import TaxId, TaxIdKind

LONGEST = 30


class TaxNumberFault(StrEnum):
    """What is wrong with a tax number."""

    FORMAT = "format"
    LENGTH = "length"
    CHECK_DIGITS = "check_digits"
    OTHER_COUNTRY = "other_country"
    UNKNOWN_KIND = "unknown_kind"


class BadTaxNumber(Exception):
    """A number that can't be what it is said to be; `country` is the one whose number it looks like."""

    def __init__(self, fault: TaxNumberFault, country: str = "") -> None:
        """Keep what is wrong."""
        super().__init__(f"{fault} {country}".strip())
        self.fault, self.country = fault, country


@dataclass(frozen=True, slots=True)
class TaxIdType:
    """A kind of number of one country: the country's own name for it, and what knows its digits.

    `modules` are of stdnum, any of which may take it; none: it is kept as it is typed. `example` shows how it
    is written.
    """

    kind: TaxIdKind
    country: str
    name: str
    modules: tuple[str, ...] = ()
    example: str = ""


def _vat(country: str, name: str, module: str, example: str = "") -> TaxIdType:
    return TaxIdType(TaxIdKind.VAT, country, name, (module,), example)


def _company(country: str, name: str, *modules: str, example: str = "") -> TaxIdType:
    return TaxIdType(TaxIdKind.COMPANY, country, name, modules, example)


TYPES = {
    (one.kind, one.country): one
    for one in (
        _vat("AT", "UID-Nummer", "at.uid", "ATU13585627"),
        _vat("AU", "ABN", "au.abn", "83 914 571 673"),
        _vat("BE", "BTW-nummer, numéro de TVA", "be.vat", "BE 0428 759 497"),
        _vat("BG", "Идентификационен номер по ДДС", "bg.vat", "BG175074752"),
        _vat("CA", "GST/HST", "ca.bn", "12302 6635 RT 0001"),
        _vat("CH", "MWST, TVA, IVA", "ch.vat", "CHE-107.787.577 MWST"),
        _vat("CY", "Αριθμός Φ.Π.Α.", "cy.vat", "CY10259033P"),
        _vat("CZ", "DIČ", "cz.dic", "CZ25123891"),
        _vat("DE", "USt-IdNr.", "de.vat", "DE136695976"),
        _vat("DK", "CVR-nummer", "dk.cvr", "DK13585628"),
        _vat("EE", "KMKR", "ee.kmkr", "EE100931558"),
        _vat("ES", "NIF-IVA", "es.nif", "ESB58378431"),
        _vat("FI", "ALV-numero", "fi.alv", "FI20774740"),
        _vat("FR", "Numéro de TVA", "fr.tva", "FR40303265045"),
        _vat("GB", "VAT", "gb.vat", "GB980780684"),
        _vat("GR", "Α.Φ.Μ.", "gr.vat", "EL094259216"),
        _vat("HR", "OIB", "hr.oib", "HR33392005961"),
        _vat("HU", "Közösségi adószám", "hu.anum", "HU12892312"),
        _vat("IE", "VAT", "ie.vat", "IE6433435F"),
        _vat("IN", "GSTIN", "in_.gstin", "27AAPFU0939F1ZV"),
        _vat("IS", "VSK-númer", "is_.vsk", "IS00621"),
        _vat("IT", "Partita IVA", "it.iva", "IT00743110157"),
        _vat("JP", "適格請求書発行事業者登録番号", "jp.cn", "T5-8356-7825-6246"),
        _vat("LT", "PVM mokėtojo kodas", "lt.pvm", "LT119511515"),
        _vat("LU", "Numéro de TVA", "lu.tva", "LU15027442"),
        _vat("LV", "PVN numurs", "lv.pvn", "LV40003521600"),
        _vat("MC", "Numéro de TVA", "mc.tva", "FR53000004605"),
        _vat("MT", "VAT", "mt.vat", "MT11679112"),
        _vat("NL", "Btw-identificatienummer", "nl.btw", "NL4495445B01"),
        _vat("NO", "MVA-nummer", "no.mva", "NO995525828MVA"),
        _vat("NZ", "GST", "nz.ird", "49-098-576"),
        _vat("PL", "NIP", "pl.nip", "PL8567346215"),
        _vat("PT", "NIF", "pt.nif", "PT501964843"),
        _vat("RO", "Cod de TVA", "ro.cf", "RO18547290"),
        _vat("SE", "Momsregistreringsnummer", "se.vat", "SE123456789701"),
        _vat("SI", "ID za DDV", "si.ddv", "SI50223054"),
        _vat("SK", "IČ DPH", "sk.dph", "SK2022749619"),
        _company("AD", "NRT", "ad.nrt"),
        _company("AL", "NIPT", "al.nipt"),
        _company("AR", "CUIT", "ar.cuit", example="20-05536168-2"),
        _company("AZ", "VÖEN", "az.voen"),
        _company("BR", "CNPJ", "br.cnpj", example="16.727.230/0001-97"),
        _company("BY", "УНП", "by.unp"),
        _company("CA", "BN", "ca.bn", example="12302 6635"),
        _company("CH", "UID", "ch.uid", example="CHE-100.155.212"),
        _company("CL", "RUT", "cl.rut", example="76086428-5"),
        _company("CN", "统一社会信用代码", "cn.uscc"),
        _company("CO", "NIT", "co.nit"),
        _company("CR", "Cédula jurídica", "cr.cpj"),
        _company("DE", "Steuernummer", "de.stnr", example="181/815/0815 5"),
        _company("DO", "RNC", "do.rnc"),
        _company("DZ", "NIF", "dz.nif"),
        _company("EC", "RUC", "ec.ruc"),
        _company("EE", "Registrikood", "ee.registrikood"),
        _company("FI", "Y-tunnus", "fi.ytunnus", example="2077474-0"),
        _company("FR", "SIREN, SIRET", "fr.siren", "fr.siret", example="552 008 443"),
        _company("GH", "TIN", "gh.tin"),
        _company("GT", "NIT", "gt.nit"),
        _company("ID", "NPWP", "id.npwp"),
        _company("IL", "ח.פ.", "il.hp"),
        _company("IT", "Codice fiscale", "it.codicefiscale"),
        _company("JP", "法人番号", "jp.cn", example="5-8356-7825-6246"),
        _company("KE", "PIN", "ke.pin"),
        _company("KR", "사업자등록번호", "kr.brn", example="116-82-00276"),
        _company("LI", "PEID", "li.peid"),
        _company("MA", "ICE", "ma.ice"),
        _company("MD", "IDNO", "md.idno"),
        _company("ME", "PIB", "me.pib"),
        _company("MK", "ЕДБ", "mk.edb"),
        _company("MX", "RFC", "mx.rfc"),
        _company("MZ", "NUIT", "mz.nuit"),
        _company("NO", "Organisasjonsnummer", "no.orgnr", example="988 077 917"),
        _company("PE", "RUC", "pe.ruc"),
        _company("PY", "RUC", "py.ruc"),
        _company("RO", "CUI", "ro.cui"),
        _company("RS", "PIB", "rs.pib"),
        _company("SE", "Organisationsnummer", "se.orgnr", example="123456-7897"),
        _company("SG", "UEN", "sg.uen", example="00192200M"),
        _company("SM", "COE", "sm.coe"),
        _company("SN", "NINEA", "sn.ninea"),
        _company("SV", "NIT", "sv.nit"),
        _company("TH", "TIN", "th.tin"),
        _company("TN", "Matricule fiscal", "tn.mf"),
        _company("TR", "VKN", "tr.vkn"),
        _company("TW", "統一編號", "tw.ubn"),
        _company("UA", "ЄДРПОУ", "ua.edrpou"),
        _company("US", "EIN", "us.ein", example="91-1144442"),
        _company("UY", "RUT", "uy.rut"),
        _company("VE", "RIF", "ve.rif"),
        _company("VN", "MST", "vn.mst"),
        _company("ZA", "TIN", "za.tin"),
    )
}


def types_of(country: str) -> tuple[TaxIdType, ...]:
    """Return the kinds of number that a country gives, the tax on sales first; any country has one.

    The one of a country that isn't known has no name of its own and is kept as it is typed.
    """
    found = tuple(TYPES[kind, country] for kind in TaxIdKind if (kind, country) in TYPES)
    return found or (TaxIdType(TaxIdKind.COMPANY, country, ""),)


def checked(kind: TaxIdKind, country: str, text: str) -> TaxId:
    """Return a number as it is kept: its check digits right, without separators or prefix.

    Raises BadTaxNumber.
    """
    found = next((one for one in types_of(country) if one.kind is kind), None)
    if found is None:
        raise BadTaxNumber(TaxNumberFault.UNKNOWN_KIND)
    number = text.strip()
    if len(number) > LONGEST:
        raise BadTaxNumber(TaxNumberFault.LENGTH)
    if not found.modules:
        return TaxId(kind, country, _unknown(number))
    try:
        return TaxId(kind, country, _number(found, number))
    except BadTaxNumber as bad:
        raise _of_another(found, number) or bad from None


def _number(found: TaxIdType, text: str) -> str:
    """Return the number without separators, by the first module that takes it."""
    if (found.kind, found.country) == (TaxIdKind.VAT, "JP"):
        text = text.upper().removeprefix("T")
    faults = []
    for module in found.modules:
        try:
            number = str(_module(module).validate(text))
        except InvalidChecksum:
            faults.append(TaxNumberFault.CHECK_DIGITS)
        except InvalidLength:
            faults.append(TaxNumberFault.LENGTH)
        except (ValidationError, ValueError, IndexError, KeyError):
            faults.append(TaxNumberFault.FORMAT)
        else:
            return _plain(found, number)
    # Of two lengths, the one that fits says more than that the other does not.
    raise BadTaxNumber(
        next((one for one in faults if one is not TaxNumberFault.LENGTH), TaxNumberFault.LENGTH)
    )


def _plain(found: TaxIdType, number: str) -> str:
    """Return a number without its prefix; a Canadian one only where it is of the right programme."""
    if found.country == "CA":
        return _of_canada(found.kind, number)
    if found.kind is TaxIdKind.VAT:
        number = number.removeprefix(vat_prefix(found.country))
    return number


def _of_canada(kind: TaxIdKind, number: str) -> str:
    """Return a business number; the one for GST/HST ends with its programme, RT and four digits."""
    if kind is TaxIdKind.VAT and not (len(number) == 15 and number[9:11] == "RT"):
        raise BadTaxNumber(TaxNumberFault.FORMAT)
    if kind is TaxIdKind.COMPANY and len(number) != 9:
        raise BadTaxNumber(TaxNumberFault.LENGTH)
    return number


def _unknown(number: str) -> str:
    """Return a number of a kind that nobody here knows: letters and digits, with what stands between."""
    plain = "".join(number.split())
    if not plain or not all(c.isascii() and (c.isalnum() or c in "+*&./-") for c in plain):
        raise BadTaxNumber(TaxNumberFault.FORMAT)
    return plain


def _of_another(found: TaxIdType, text: str) -> BadTaxNumber | None:
    """Return that a number begins as those of another country, and is right there."""
    begins = "".join(text.split())[:2].upper()
    country = {"EL": "GR"}.get(begins, begins)
    other = TYPES.get((TaxIdKind.VAT, country))
    if other is None or country == found.country:
        return None
    try:
        _number(other, text)
    except BadTaxNumber:
        return None
    return BadTaxNumber(TaxNumberFault.OTHER_COUNTRY, country)


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")
