"""Which contracts there are.  One line each: layout, promise, what befalls the pages, file type, seal on the clause.

Names are fixed: a sample's random numbers come from its name, so that adding one moves no other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    layout: str
    promise: str
    spoil: str
    kind: str  # pdf (with text) | scan.pdf (pictures) | jpg | png | tiff
    seal: bool = False

    @property
    def name(self) -> str:
        return "-".join((self.layout, self.promise, self.spoil)) + ("-seal" if self.seal else "")

    @property
    def file(self) -> str:
        return f"{self.name}.{self.kind.removeprefix('scan.')}"


def _cases(table: str) -> tuple[Case, ...]:
    out = []
    for line in table.strip().splitlines():
        layout, promise, spoil, kind, *seal = line.split()
        out.append(Case(layout=layout, promise=promise, spoil=spoil, kind=kind, seal=bool(seal)))
    return tuple(out)


CASES = _cases("""
flow           before          scan     scan.pdf
flow           before          photo    jpg
flow           label           fax      tiff
flow           chinese         scan     jpg       seal
flow           dots            fold     jpg
flow           padded          turn90   png
flow           padded          scan     scan.pdf
flow           no_year         scan     scan.pdf
flow           arrive          turn180  jpg
flow           arrive          photo    jpg
flow           finish          clean    pdf
flow           finish          scan     jpg       seal
flow           no_later        scan     scan.pdf
flow           no_later        photo    jpg
flow           middle          fax      tiff
flow           month_end       scan     jpg
flow           first_ten       fold     jpg
flow           quarter         scan     png       seal
flow           whole_month     clean    pdf
flow           signed_30       photo    jpg
flow           signed_30       fax      tiff
flow           effective_45    scan     scan.pdf  seal
flow           signed_chinese  turn270  jpg
flow           signed_working  scan     jpg
flow           prepaid_15      fold     jpg
flow           prepaid_15      scan     scan.pdf  seal
flow           paid_7          scan     jpg
flow           drawings_25     photo    jpg
flow           sample_10       clean    pdf
flow           notice_5        fax      tiff
flow           span            scan     jpg
flow           weeks           scan     scan.pdf
flow           range           scan     jpg
flow           batches         fold     jpg
flow           batches         scan     scan.pdf
flow           batches_short   photo    jpg
flow           by_hand         scan     jpg
flow           by_hand         photo    jpg
flow           by_hand         fax      tiff
flow           silent          scan     scan.pdf
flow           silent          photo    jpg       seal
flow           later           scan     jpg
flow           later           fax      tiff
flow           by_notice       clean    pdf
flow           blank           scan     jpg
flow           liability       fold     jpg
two_columns    before          scan     jpg
two_columns    prepaid_15      scan     scan.pdf
two_columns    range           clean    pdf
two_columns    batches         photo    jpg
two_columns    silent          scan     jpg
page_break     before          scan     scan.pdf
page_break     chinese         fold     tiff
page_break     signed_30       scan     scan.pdf
page_break     prepaid_15      clean    pdf
page_break     arrive          fax      tiff
page_break     batches         scan     scan.pdf
several_pages  before          scan     scan.pdf
several_pages  drawings_25     fold     tiff
several_pages  no_later        clean    pdf
several_pages  silent          scan     scan.pdf
several_pages  quarter         turn90   tiff
form           iso             scan     jpg
form           iso             photo    jpg
form           label           fold     jpg       seal
form           chinese         scan     png
form           short_range     clean    pdf
form           short_range     scan     jpg
form           middle          turn180  jpg
form           paid_7          fax      tiff
form           form_by_hand    scan     jpg
form           form_by_hand    photo    jpg
form           form_blank      scan     jpg
form_above     iso             scan     jpg       seal
form_above     dots            photo    jpg
form_above     signed_30       clean    pdf
form_above     span            scan     jpg
form_above     form_by_hand    fold     jpg
form_above     form_blank      fax      tiff
order_table    lines           scan     jpg
order_table    lines           photo    jpg
order_table    lines           clean    pdf
order_table    lines_same      fax      tiff
order_table    lines_same      scan     jpg       seal
order_table    merged          scan     scan.pdf
order_table    merged          turn270  jpg
order_table    merged_relative scan     jpg
order_table    merged_relative fold     jpg
order_table    silent          scan     jpg
supplement     amended         scan     jpg       seal
supplement     amended         clean    pdf
supplement     postponed       photo    jpg
supplement     postponed       fax      tiff
supplement     by_hand         scan     jpg
letter         promised_beats  scan     jpg
letter         promised_beats  photo    jpg
letter         silent          fax      tiff
letter         signed_working  scan     scan.pdf
english_flow   en_before       scan     jpg
english_flow   en_us           photo    jpg
english_flow   en_days         scan     scan.pdf
english_flow   en_deposit      fax      tiff
english_flow   en_silent       scan     jpg
english_flow   en_us           clean    pdf
english_form   en_label        scan     jpg
english_form   en_required     photo    jpg
english_form   en_day_first    scan     jpg
english_form   en_promised     turn90   jpg
english_form   en_day_first    fax      tiff
""")
