"""The name of an attached file: what its sender called it, made harmless; where there is none, one by its kind."""

import re
from email.message import Message
from typing import Final

from ingest_svc.adapters.parsing.parameters import parameter
from ingest_svc.domain.texts import cut, one_line

_OCTETS: Final = 255
_LONGEST: Final = 400
_LONGEST_ENDING: Final = 20
# They turn what is read around, or cannot be seen: a name that ends with exe is to look like it (Unicode TR 36 §3.1).
_UNSEEN: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_DOTS_AND_BLANKS: Final = " ."
_ENDINGS: Final = {
    "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/pjpeg": ".jpg", "image/png": ".png", "image/x-png": ".png",
    "image/gif": ".gif", "image/bmp": ".bmp", "image/x-ms-bmp": ".bmp", "image/tiff": ".tif", "image/webp": ".webp",
    "image/heic": ".heic", "image/heif": ".heif", "image/avif": ".avif", "image/svg+xml": ".svg", "image/x-icon": ".ico",
    "application/pdf": ".pdf", "application/zip": ".zip", "application/x-zip-compressed": ".zip", "application/gzip": ".gz",
    "application/json": ".json", "application/xml": ".xml", "text/xml": ".xml", "text/csv": ".csv", "text/plain": ".txt",
    "text/html": ".html", "text/calendar": ".ics", "application/ics": ".ics", "text/vcard": ".vcf", "text/x-vcard": ".vcf",
    "text/directory": ".vcf", "text/rtf": ".rtf", "application/rtf": ".rtf", "text/markdown": ".md",
    "text/rfc822-headers": ".txt", "message/delivery-status": ".txt", "message/disposition-notification": ".txt",
    "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt", "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/wav": ".wav", "audio/x-wav": ".wav",
    "audio/ogg": ".ogg", "audio/amr": ".amr", "audio/aac": ".aac",
    "video/mp4": ".mp4", "video/quicktime": ".mov", "video/3gpp": ".3gp", "video/webm": ".webm", "video/x-msvideo": ".avi",
    "application/pkcs7-signature": ".p7s", "application/x-pkcs7-signature": ".p7s", "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m", "application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc",
    "application/x-tar": ".tar", "application/x-7z-compressed": ".7z", "application/vnd.rar": ".rar",
}  # fmt: skip


def given_name(part: Message) -> str | None:
    """The name that its sender gave a part (`filename`, else `name`): the last step of a path, without what misleads; or None."""
    for field, parameter_name in (("content-disposition", "filename"), ("content-type", "name")):
        found = parameter(part, field, parameter_name)
        if found and (name := _harmless(found)):
            return name
    return None


def name_of(part: Message, kind: str, number: int) -> str:
    """The name given, or one by media type and number."""
    if (given := given_name(part)) is not None:
        return given
    if kind in ("message/rfc822", "message/global"):
        return f"message-{number}.eml"
    return "winmail.dat" if kind == "application/ms-tnef" else f"part-{number}{_ENDINGS.get(kind, '')}"


def _harmless(name: str) -> str | None:
    name = one_line(_UNSEEN.sub("", name), _LONGEST)
    name = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2].strip()
    if not name.strip(_DOTS_AND_BLANKS):
        return None
    # Cut in the middle, so that it keeps its ending.
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        return cut(name[:200], _OCTETS)[0]
    ending = cut(dot + ending, _OCTETS)[0]
    return cut(stem[:200], _OCTETS - len(ending.encode()))[0] + ending
