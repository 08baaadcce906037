"""Annotations into an EDF, EDF+ or BDF file that exists."""

from collections.abc import Sequence
from pathlib import Path

from collector.contract import edf_annotations, edf_header
from collector.contract.edf_annotations import Annotation
from collector.contract.edf_file import EdfFile
from collector.contract.errors import BadRecording


def add_annotations(source: Path, annotations: Sequence[Annotation], target: Path) -> None:
    """Copy an EDF, EDF+ or BDF file with more annotations; its samples and annotations stay what they are, to the byte.

    The annotations go into an annotation signal of their own; a plain EDF becomes an EDF+C by it. Times of annotations
    count from the header's start. Raises BadRecording when the source cannot be read or is the target.
    """
    if target.exists() and target.samefile(source):
        raise BadRecording(f"{target.name}: the annotated copy needs another name than the recording")
    file = EdfFile(source)
    lists = edf_annotations.spread(annotations, file.records)
    if not file.header.plus:
        _become_plus(file)
        lists = [edf_annotations.encode_onset(file.duration_ns(k)) + tals for k, tals in enumerate(lists)]
    width = edf_annotations.padded_width(lists, file.header.sample_bytes)
    file.fields.add_signal(edf_header.annotation_fields(width, file.header.sample_bytes))
    file.fields.file["records"] = edf_header.field(str(file.records), 8)
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("wb") as out:
        out.write(file.fields.encode())
        for first, records in file.read_all():
            for record, tals in zip(records, lists[first:], strict=False):
                out.write(record.tobytes() + tals.ljust(width, b"\0"))
    unfinished.replace(target)


def _become_plus(file: EdfFile) -> None:
    """Give a plain EDF's header what EDF+ asks for; the free texts move behind the fields with a fixed meaning."""
    fields, header = file.fields.file, file.header
    day = edf_header.startdate_text(header.start) if header.start_known else "Startdate X"
    fields["patient"] = edf_header.field(f"X X X X {edf_header.text(fields['patient'])}", 80)
    fields["recording"] = edf_header.field(f"{day} X X X {edf_header.text(fields['recording'])}", 80)
    fields["reserved"] = edf_header.field("BDF+C" if header.sample_bytes == 3 else "EDF+C", 44)
