# mime.py - puts together the demo's messages, octet by octet
# SPDX-License-Identifier: ISC
"""Python's email package would smooth out what makes real mail interesting: old
character sets, 8-bit headers, odd boundaries.  So messages are written by hand."""
import base64
import quopri
import random
import struct
import zlib
from datetime import datetime, timedelta, timezone

PEOPLE = {
    "alice": ("Alice Liddell", "alice@example.org"),
    "bob": ("Bob Baumeister", "bob@example.org"),
    "carla": ("Carla Müller-Lüdenscheidt", "carla.mueller@example.de"),
    "søren": ("Søren Ærø", "soren@example.dk"),
    "yuki": ("山田 雪", "yuki@example.jp"),
    "ivan": ("Иван Петров", "ivan@example.ru"),
    "li": ("李明", "li.ming@example.cn"),
    "amal": ("أمل حداد", "amal@example.com"),
    "shop": ("Teapot & Sons, Ltd.", "orders@teapots.example"),
    "news": ("The Croquet Gazette", "news@gazette.example"),
    "ci": ("Build robot", "robot@builds.example"),
    "rabbit": ("White Rabbit", "rabbit@example.net"),
    "spam": ("Dr. Prize Winner", "winner@lottery.invalid"),
}

SENDERS_WORDS = {"yuki": "iso-2022-jp", "ivan": "koi8-r", "li": "gb2312",
    "søren": "iso-8859-1", "carla": "iso-8859-15"}


def words(text, charset="utf-8", how="b"):
    """RFC 2047 encoded words, each short enough, never inside a character."""
    if text.isascii():
        return text
    out, piece = [], ""
    for char in text:
        if len((piece + char).encode(charset)) > (42 if how == "b" else 18):
            out.append(piece)
            piece = ""
        piece += char
    out.append(piece)
    return "\r\n ".join(word(p, charset, how) for p in out)


def word(text, charset, how):
    raw = text.encode(charset)
    if how == "b":
        return f"=?{charset}?B?{base64.b64encode(raw).decode()}?="
    quoted = "".join("_" if o == 32 else chr(o) if chr(o).isascii() and
        chr(o).isalnum() else f"={o:02X}" for o in raw)
    return f"=?{charset}?Q?{quoted}?="


def address(who):
    """A header's address of somebody in PEOPLE, or what was given itself."""
    if who not in PEOPLE:
        return who
    name, addr = PEOPLE[who]
    if name.isascii():
        if any(c in name for c in ".,&"):
            name = f'"{name}"'
        return f"{name} <{addr}>"
    charset = SENDERS_WORDS.get(who, "utf-8")
    how = "q" if charset.startswith("iso-8859") else "b"
    return f"{words(name, charset, how)} <{addr}>"


def when(day, clock="09:00", zone=60):
    """A moment from "2024-03-05" and "14:02", in a zone of so many minutes."""
    moment = datetime.fromisoformat(f"{day}T{clock}")
    return moment.replace(tzinfo=timezone(timedelta(minutes=zone)))


def rfc5322(moment):
    days = "Mon Tue Wed Thu Fri Sat Sun".split()
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return (f"{days[moment.weekday()]}, {moment.day} "
        f"{months[moment.month - 1]} {moment:%Y %H:%M:%S %z}")


def crlf(text):
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def encoded(raw, how):
    if how == "base64":
        return base64.encodebytes(raw).replace(b"\n", b"\r\n")
    if how == "quoted-printable":
        soft = quopri.encodestring(raw.replace(b"\r\n", b"\n"))
        return soft.replace(b"\n", b"\r\n")
    return raw


def leaf(kind, raw, how="7bit", *fields):
    """A part: header and body.  fields are further header lines."""
    lines = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {how}"]
    head = "\r\n".join(lines + list(fields)) + "\r\n\r\n"
    return head.encode() + encoded(raw, how)


def text(body, charset="us-ascii", how="7bit", kind="plain", *fields):
    return leaf(f"text/{kind}; charset={charset}",
        crlf(body).encode(charset), how, *fields)


def html(body, how="quoted-printable"):
    page = ("<!DOCTYPE html>\n<html><head><style>p { margin: 1em }</style></head>"
        f"\n<body>{body}</body></html>\n")
    return text(page, "utf-8", how, "html")


def multi(kind, *parts, boundary="=_{n}_=", preamble="", closed=True):
    """A multipart; {n} in the boundary makes it differ from those inside."""
    inside = b"".join(parts)
    n = 0
    while boundary.format(n=n).encode() in inside:
        n += 1
    mark = boundary.format(n=n)
    out = [f'Content-Type: multipart/{kind};\r\n boundary="{mark}"\r\n\r\n'.encode(),
        crlf(preamble).encode()]
    for part in parts:
        out.append(b"\r\n--" + mark.encode() + b"\r\n" + part)
    if closed:
        out.append(b"\r\n--" + mark.encode() + b"--\r\n")
    return b"".join(out)


def attachment(name, kind, raw, *fields):
    return leaf(f'{kind}; name="{name}"', raw, "base64",
        f'Content-Disposition: attachment; filename="{name}"', *fields)


def nested(message, *fields):
    head = "\r\n".join(["Content-Type: message/rfc822"] + list(fields))
    return head.encode() + b"\r\n\r\n" + message


def png(width, height):
    """A small picture: a colour gradient."""
    rows = b"".join(b"\0" + b"".join(bytes((x * 255 // width,
        y * 255 // height, 128)) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    return (b"\x89PNG\r\n\x1a\n" +
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pdf(line):
    """One page with one line on it."""
    draw = f"BT /F1 24 Tf 72 720 Td ({line}) Tj ET".encode()
    objects = [b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, at = b"%PDF-1.4\n", []
    for i, obj in enumerate(objects, 1):
        at.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (i, obj)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(at) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in at)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(at) + 1, xref)


def noise(octets, seed=7):
    """The same octets each time: something that does not compress."""
    return random.Random(seed).randbytes(octets)


class Mail:
    """One message, and how it lies in its mailbox."""

    count = 0

    def __init__(self, sender, to, subject, date, content, flags="", reply=None,
            fields=(), cc=None):
        Mail.count += 1
        self.id = f"<{date:%Y%m%d.%H%M}.{Mail.count:04d}@example.org>"
        self.subject, self.date, self.flags = subject, date, flags
        self.chain = reply.chain + [reply.id] if reply else []
        head = [f"From: {address(sender)}",
            "To: " + ",\r\n\t".join(address(t) for t in to.split("; "))]
        if cc:
            head.append(f"Cc: {address(cc)}")
        if not subject.isascii() and "=?" not in subject:
            subject = words(subject)
        head += [f"Subject: {subject}", f"Date: {rfc5322(date)}",
            f"Message-ID: {self.id}"]
        if reply:
            head += [f"In-Reply-To: {reply.id}",
                "References: " + "\r\n ".join(self.chain)]
        head += list(fields) + ["MIME-Version: 1.0", ""]
        self.octets = "\r\n".join(head).encode() + content


class Raw:
    """A message that is given as it is."""

    def __init__(self, date, octets, flags=""):
        self.date, self.octets, self.flags = date, octets, flags
