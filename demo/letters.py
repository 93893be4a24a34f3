# letters.py - what lies in the demo's mailboxes
# SPDX-License-Identifier: ISC
"""mailboxes(USER) gives (levels of the name, messages) of every mailbox."""
from mime import (PEOPLE, Mail, Raw, attachment, crlf, html, leaf, multi, nested,
    noise, pdf, png, text, when, words)


def welcome():
    return Mail("bob", "alice", "Welcome to the tea party",
        when("2024-01-08", "08:15"), text("""\
Dear Alice,

your mailbox is ready. Shared mail is below "shared": try the folder sales.

Tea is at six. It is always six.

-- \n\
Bob
"""), "\\Seen")


def fair():
    """A thread of five, with people who answer in between each other."""
    first = Mail("carla", "alice; bob", "Messe in Köln: wer fährt?",
        when("2024-02-12", "10:02"), text("""\
Hallo zusammen,

die Messe ist vom 4. bis 7. März. Für den Stand brauchen wir drei Leute; die
Übernachtung zahlt natürlich die Firma. Größe des Stands: 12 m², Kosten 2.400 €.

Viele Grüße
Carla
""", "iso-8859-15", "quoted-printable"), "\\Seen \\Answered $Work")
    second = Mail("alice", "carla", "Re: Messe in Köln: wer fährt?",
        when("2024-02-12", "11:40", 0), text("""\
Ich fahre mit!

> die Messe ist vom 4. bis 7. März.

Am 7. muss ich schon mittags zurück.
""", "utf-8", "quoted-printable"), "\\Seen", first, cc="bob")
    third = Mail("bob", "alice; carla", "Re: Messe in Köln: wer fährt?",
        when("2024-02-12", "13:05"), text("Ich auch. Wer nimmt die Kaffeemaschine "
        "mit?\n", "utf-8", "base64"), "\\Seen", second)
    fourth = Mail("søren", "carla", "SV: Messe in Köln: wer fährt?",
        when("2024-02-13", "07:58"), text("""\
Hej Carla,

jeg kommer gerne på besøg! Vi ses i hal 7. Små kager medbringes.

Søren
""", "iso-8859-1", "8bit"), "\\Seen", first, cc="alice")
    fifth = Mail("carla", "alice; bob; søren", "Re: Messe in Köln: wer fährt?",
        when("2024-02-13", "09:30"), multi("mixed", text("""\
Danke euch! Der Hallenplan und die Liste hängen an.
""", "utf-8", "8bit"), leaf("application/pdf; name*=utf-8''Hallenplan%20K%C3%B6ln.pdf",
            pdf("Hall 7, stand B 12"), "base64",
            "Content-Disposition: attachment;\r\n"
            " filename*0*=utf-8''Hallenplan%20K;\r\n"
            " filename*1*=%C3%B6ln%202024;\r\n filename*2=.pdf"),
        attachment("packliste.csv", "text/csv; charset=utf-8",
            "Menge;Was\r\n1;Kaffeemaschine\r\n30;Becher\r\n".encode())),
        "\\Flagged $Work", third)
    return [first, second, third, fourth, fifth]


def gazette():
    picture = leaf("image/png; name=masthead.png", png(64, 24), "base64",
        "Content-ID: <masthead@gazette.example>",
        "Content-Disposition: inline; filename=masthead.png")
    page = html('<p><img src="cid:masthead@gazette.example" alt="Gazette"></p>'
        "<h1>Flamingos: a buyer’s guide</h1><p>Straight necks — and where to find "
        "them. 50&nbsp;% off hedgehogs this week.</p>")
    plain = text("Flamingos: a buyer’s guide\n\nStraight necks — and where to find "
        "them. 50 % off hedgehogs this week.\n", "utf-8", "quoted-printable")
    return Mail("news", "alice", "Flamingos: a buyer’s guide 🦩",
        when("2024-03-01", "05:00", -300),
        multi("alternative", plain, multi("related", page, picture)),
        fields=["List-Id: Croquet Gazette <weekly.gazette.example>",
            "List-Unsubscribe: <mailto:leave@gazette.example>,\r\n"
            " <https://gazette.example/leave?who=alice>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Precedence: bulk"])


def world():
    """One message each in the character sets that old mail came in."""
    yield Mail("yuki", "alice", words("会議の議事録をお送りします", "iso-2022-jp"),
        when("2024-03-04", "17:20", 540), text("""\
アリス様

本日の会議の議事録です。ご確認ください。

山田
""", "iso-2022-jp"), "\\Seen")
    yield Mail("ivan", "alice", words("Счёт за март", "koi8-r"),
        when("2024-03-05", "12:00", 180), text("""\
Здравствуйте, Алиса!

Счёт во вложении. С уважением, Иван
""", "koi8-r", "base64"))
    yield Mail("li", "alice", words("茶叶样品", "gb2312"),
        when("2024-03-06", "15:45", 480),
        text("爱丽丝：\n\n样品已经寄出，请查收。\n\n李明\n", "gb18030", "base64"))
    yield Mail("amal", "alice", "موعد الاجتماع القادم",
        when("2024-03-07", "10:30", 120), text("مرحبا أليس،\n\nالاجتماع القادم يوم "
        "الأحد في الساعة العاشرة.\n\nأمل\n", "utf-8", "base64"), "\\Seen",
        fields=["Content-Language: ar"])
    rene = words("René François", "iso-8859-1", "q") + " <rene@example.fr>"
    yield Mail(rene, "alice", words("Café crème à 5 heures", "iso-8859-1", "q"),
        when("2024-03-08", "16:59"), text("L’œuvre coûte 15 € – “pas cher” "
        "dit-il…\n", "windows-1252", "8bit"))


def invitation():
    card = crlf("""\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Tea//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:20240315-tea@example.net
DTSTAMP:20240310T080000Z
DTSTART:20240315T180000Z
DTEND:20240315T190000Z
SUMMARY:Tea (don't be late!)
ORGANIZER;CN=White Rabbit:mailto:rabbit@example.net
ATTENDEE;CN=Alice;RSVP=TRUE:mailto:alice@example.org
END:VEVENT
END:VCALENDAR
""").encode()
    return Mail("rabbit", "alice", "Invitation: Tea (don't be late!)",
        when("2024-03-10", "09:00", 0), multi("mixed", multi("alternative",
        text("Tea on Friday at six.\n"), html("<p>Tea on <b>Friday</b> at six.</p>"),
        leaf("text/calendar; charset=utf-8; method=REQUEST", card)),
        attachment("invite.ics", "application/ics", card)), "\\Flagged",
        fields=["X-Priority: 1 (Highest)", "Importance: high"])


def order():
    return Mail("shop", "Alice Liddell <alice+shop@example.org>",
        "Your order #4711 has been shipped", when("2024-03-11", "22:13", -480),
        multi("alternative", text("""\
Hello Alice,

  1 x Teapot, dormouse-proof       39.90
  6 x Cup, half                    18.00
  --------------------------------------
  Total                            57.90

Track it: https://teapots.example/track/4711?who=alice&lang=en

=3D this line looks like quoted-printable, and is not.
.
A line with a single dot is above.
From here on it is all fine print.
"""), html("<table><tr><td>Teapot</td><td>39.90</td></tr></table>"),
            boundary="----=_Part_{n}_1804289383.1710223980"), "\\Seen",
        fields=["Reply-To: No reply <noreply@teapots.example>",
            "Return-Path: <bounce-4711@teapots.example>",
            "Auto-Submitted: auto-generated"])


def forwarded():
    """A message in a message in a message, with an attachment in the last."""
    inner = Mail("ivan", "bob", "The contract", when("2024-03-12", "09:00", 180),
        multi("mixed", text("Signed copy enclosed.\n"), attachment("contract.pdf",
        "application/pdf", pdf("Contract No. 12")))).octets
    middle = Mail("bob", "carla", "Fwd: The contract", when("2024-03-12", "09:30"),
        multi("mixed", text("For your files.\n"), nested(inner,
        "Content-Disposition: inline"))).octets
    return Mail("carla", "alice", "Fwd: Fwd: The contract",
        when("2024-03-12", "10:00"), multi("mixed", text("See what they agreed on.\n"),
        nested(middle, "Content-Description: what Bob sent me")),
        "\\Seen $Forwarded")


def bounce():
    status = crlf("""\
Reporting-MTA: dns; mx.example.org
Arrival-Date: Wed, 13 Mar 2024 11:00:00 +0100

Final-Recipient: rfc822; dodo@extinct.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <dodo@extinct.example>: no such bird
""").encode()
    return Mail("Mail Delivery System <MAILER-DAEMON@mx.example.org>", "alice",
        "Undelivered Mail Returned to Sender", when("2024-03-13", "11:00"),
        multi("report; report-type=delivery-status",
        text("Your message could not be delivered to <dodo@extinct.example>.\n",
            "us-ascii", "7bit", "plain", "Content-Description: Notification"),
        leaf("message/delivery-status", status),
        leaf("text/rfc822-headers", b"From: alice@example.org\r\n"
            b"To: dodo@extinct.example\r\nSubject: caucus race\r\n\r\n"),
        preamble="This is a MIME-encapsulated message.\n"),
        fields=["Auto-Submitted: auto-replied", "Return-Path: <>"])


def signed():
    signature = """\
-----BEGIN PGP SIGNATURE-----

iHUEABYKAB0WIQTexampleonlyNotARealSignature0000000000AAoJEAAAAAAA
AAAAcQEA
=dEmO
-----END PGP SIGNATURE-----
"""
    return Mail("bob", "alice", "Signed: the keys to the shed",
        when("2024-03-14", "18:30"), multi("signed; micalg=pgp-sha512;\r\n"
        ' protocol="application/pgp-signature"', text("They are under the third "
        "flower pot.\n", "utf-8", "quoted-printable"),
        leaf('application/pgp-signature; name="signature.asc"', crlf(
            signature).encode(), "7bit", "Content-Description: OpenPGP signature",
            'Content-Disposition: attachment; filename="signature.asc"')))


def odd():
    """What the standards do not like and mail is full of."""
    yield Raw(when("2024-03-15", "00:00", 0), b"From: nobody@example.net\r\n\r\n")
    yield Raw(when("2024-03-15", "01:00", 0), crlf("""\
Received: from mail.example.net (mail.example.net [192.0.2.7])
	by mx.example.org with ESMTPS id 4TxYz1; Fri, 15 Mar 2024 01:00:00 +0000
From: "Rabbit, White" <@relay.example.net:rabbit@example.net>
To: undisclosed-recipients:;
Cc: Court: The King <king@example.com>, queen@example.com (Off with it);
Subject:
Date: Fri, 15 Mar 24 00:59 GMT

No MIME here, an empty subject, a group, a route and a two-digit year.
""").encode(), "\\Seen")
    yield Raw(when("2024-03-15", "02:00", 0), crlf("""\
From: Jürgen <jürgen@exämple.example>
To: alice@example.org
Subject: Grüße in UTF-8, without any encoding
Message-ID: <utf8-header@exämple.example>
Date: Fri, 15 Mar 2024 02:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Die Kopfzeilen auch: RFC 6532.
""").encode())
    cut = multi("mixed", text("The last boundary never came, and neither did the "
        "prize.\n"), attachment("prize.zip", "application/zip", noise(300)),
        closed=False)
    yield Mail("spam", "alice", "YOU HAVE WON", when("2024-03-15", "03:33", 0), cut,
        "$Junk", fields=["X-Spam-Flag: YES"])
    many = "; ".join(f"Guest Number {n} <guest{n:02d}@party.example>"
        for n in range(1, 41))
    yield Mail("rabbit", "alice; " + many, "Guest list (and a very long subject, "
        "folded the way\r\n mail programs do it, so that it goes on\r\n\tfor three "
        "lines)", when("2024-03-16", "12:00", 0), text("All of you!\n"), "\\Seen")


def large():
    return Mail("yuki", "alice", "Photos from the garden (400 KB)",
        when("2024-03-17", "19:05", 540), multi("mixed",
        text("写真を送ります。\n", "utf-8", "base64"),
        attachment("garden.bin", "application/octet-stream", noise(300_000)),
        attachment("rose.png", "image/png", png(48, 48))), "\\Seen $label1")


def digest():
    inside = [Mail(who, "tea-talk@lists.example.org", f"Milk {place}?",
        when("2024-03-18", clock, 0), text(line)).octets for who, place, clock, line
        in [("bob", "first", "10:00", "First, always.\n"),
            ("rabbit", "last", "10:05", "No time for milk.\n"),
            ("søren", "at all", "10:20", "Aldrig!\n")]]
    parts = [b"\r\n" + octets for octets in inside]
    return Mail("Tea talk <tea-talk@lists.example.org>", "tea-talk@lists.example.org",
        "Tea talk digest, volume 3, issue 18", when("2024-03-18", "23:59", 0),
        multi("mixed", text("Today: milk.\n"), multi("digest", *parts)))


def list_thread():
    """A mailing list's thread, format=flowed, references that grow long."""
    to = "tea-talk@lists.example.org"
    fields = ["List-Id: <tea-talk.lists.example.org>",
        "List-Post: <mailto:tea-talk@lists.example.org>"]
    mails, reply = [], None
    talk = [("søren", "How long should it steep?"), ("bob", "Three minutes."),
        ("rabbit", "I never have three minutes."), ("carla", "Vier."),
        ("bob", "Four is too long."), ("alice", "Curiouser and curiouser.")]
    for n, (who, line) in enumerate(talk):
        quote = f"> {talk[n - 1][1]}\n\n" if n else ""
        content = leaf("text/plain; charset=us-ascii; format=flowed; delsp=yes",
            crlf(quote + line + "\n").encode())
        mail = Mail(who, to, ("Re: " if n else "") + "[tea-talk] steeping",
            when("2024-04-02", f"{9 + n:02d}:10", 0), content,
            "\\Seen" if n < 4 else "", reply, fields)
        mails.append(mail)
        reply = mail if n != 3 else mails[1]
    return mails


def builds():
    return [Mail("ci", "alice", f"[builds] teapot {n}: {'failed' if n == 3 else 'ok'}",
        when("2024-04-10", f"0{n}:00", 0), text(f"build {n}\n" + "".join(
        f"{i:4d} cc -c spout{i}.c\n" for i in range(1, 30 * n))),
        "\\Seen" if n != 3 else "\\Flagged",
        fields=[f"X-Build-Number: {n}"]) for n in range(1, 6)]


def alice():
    thread = fair()
    inbox = [welcome(), thread[0], *thread[2:], gazette(), *world(), invitation(),
        order(), forwarded(), bounce(), signed(), *odd(), large(), digest()]
    yield ["INBOX"], inbox
    yield ["Sent"], [thread[1], Mail("alice", "rabbit", "Re: Tea", when("2024-03-10",
        "10:00", 0), text("I shall be there.\n"), "\\Seen")]
    yield ["Drafts"], [Mail("alice", "bob", "Something I never sent",
        when("2024-03-20", "20:00", 0), text("Dear Bob,\n\n"), "\\Draft \\Seen")]
    yield ["Junk"], [Mail("spam", "alice", f"Prize no. {n}", when("2024-03-21",
        f"1{n}:00", 0), html(f"<b>Prize {n}</b>"), "$Junk") for n in range(3)]
    yield ["Trash"], [Mail("shop", "alice", "Half price today", when("2023-12-24",
        "12:00", 0), text("Half a teapot.\n"), "\\Seen \\Deleted")]
    yield ["Archive", "2023"], [Mail("bob", "alice", "Season's greetings",
        when("2023-12-31", "23:59", -210), text("See you next year!\n"), "\\Seen")]
    yield ["Archive", "2024", "Q1"], [Mail("carla", "alice", "Zahlen für Q1",
        when("2024-04-01", "08:00", 120), text("Alles im grünen Bereich.\n",
        "utf-8", "8bit"), "\\Seen $Work")]
    yield ["Lists", "tea-talk"], list_thread()
    yield ["Lists", "builds"], builds()
    yield ["Projekte", "Gebäude Köln"], [Mail("carla", "alice", "Grundriß",
        when("2024-02-20", "14:00"), multi("mixed", text("Anbei der Plan.\n"),
        attachment("plan.pdf", "application/pdf", pdf("Ground plan"))), "\\Seen")]
    yield ["日本語", "議事録"], [Mail("yuki", "alice", "議事録", when("2024-03-25",
        "09:00", 540), text("議事録です。\n", "euc-jp", "base64"))]
    yield ["R&D"], [Mail("bob", "alice", "Ampersands & other dangers",
        when("2024-03-26", "09:00"), text("Mind the &.\n"))]
    yield from sales()


def sales():
    """The shared mailbox: Alice fills it, Bob reads it too."""
    root = ["shared", "sales"]
    ask = Mail("amal", "sales@example.org", "Price of 200 teapots?",
        when("2024-04-03", "11:00", 120), text("Hello,\n\nwhat do 200 teapots cost, "
        "delivered to Beirut?\n\nAmal\n"), "\\Answered \\Seen")
    yield root, [ask, Mail("bob", "amal", "Re: Price of 200 teapots?",
        when("2024-04-03", "12:30"), text("> what do 200 teapots cost\n\n7,980.00, "
        "plus freight.\n"), "\\Seen", ask), Mail("li", "sales@example.org",
        words("询价：茶壶", "gb2312"), when("2024-04-04", "09:00", 480),
        text("请报价。\n", "gb2312", "base64"), "\\Flagged")]
    yield root + ["Offers"], [Mail("alice", "amal", "Offer 2024-017",
        when("2024-04-05", "15:00", 0), multi("mixed", text("As discussed.\n"),
        attachment("offer-2024-017.pdf", "application/pdf", pdf("Offer 2024-017"))),
        "\\Seen")]
    yield root + ["Contacts", "2024"], [Mail("amal", "sales@example.org",
        "My card", when("2024-04-06", "10:00", 120), multi("mixed",
        text("Enclosed.\n"), attachment("amal.vcf", "text/vcard; charset=utf-8",
        crlf("BEGIN:VCARD\nVERSION:3.0\nFN:أمل حداد\n"
        f"EMAIL:{PEOPLE['amal'][1]}\nEND:VCARD\n").encode())))]


def bob():
    yield ["INBOX"], [Mail("alice", "bob", "Thank you for the mailbox",
        when("2024-01-08", "09:00", 0), text("It works.\n"), "\\Seen \\Answered"),
        Mail("carla", "bob", "Schlüssel", when("2024-02-01", "08:00"),
        text("Wo ist der Schlüssel?\n", "iso-8859-1", "quoted-printable")),
        gazette(), Mail("ivan", "bob", "The contract", when("2024-03-12", "09:00",
        180), multi("mixed", text("Signed copy enclosed.\n"), attachment(
        "contract.pdf", "application/pdf", pdf("Contract No. 12"))), "\\Flagged")]
    yield ["Sent"], [Mail("bob", "carla", "Re: Schlüssel", when("2024-02-01",
        "08:30"), text("Unter dem Blumentopf.\n"), "\\Seen")]
    yield ["Archive", "Rechnungen 2023"], [Mail("shop", "bob", "Invoice 2023-99",
        when("2023-11-05", "10:00", 0), multi("mixed", text("Invoice enclosed.\n"),
        attachment("invoice.pdf", "application/pdf", pdf("Invoice 2023-99"))),
        "\\Seen")]


def mailboxes(user):
    Mail.count = 0
    return list({"alice": alice, "bob": bob}[user]())
