"""A workbook whose packed bytes are damaged is told as no workbook, whatever the unpacker says: no other error comes out."""

from __future__ import annotations

import io
import zipfile

import pytest

from evaluation.privacy.workbook_rows import NotEditable, without_rows


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_bytes_are_refused_and_raise_nothing_else(method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 200)
    whole = packed.getvalue()
    start = whole.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    refused = 0
    for place in range(start, start + 12):  # some bytes of a header say nothing: a flip there harms nothing
        broken = bytes([*whole[:place], whole[place] ^ 0xFF, *whole[place + 1 :]])
        try:
            without_rows(broken, lambda _: False, str)
        except NotEditable:
            refused += 1
    assert refused >= 6
