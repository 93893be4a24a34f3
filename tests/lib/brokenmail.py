# brokenmail.py - makes broken mail
# SPDX-License-Identifier: ISC
"""Messages with faults in them, the same ones for the same seed.

Each message is made of parts as programs send them, and faults that are met in
real mail or that an attacker would try.  How many there are differs from message
to message: most have one or two, so that what a fault does can be seen alone.
"""
import base64
import binascii
import quopri
import random

TYPES = [
    'text/plain', 'text/html', 'TEXT/Plain', 'image/png', 'application/pdf',
    'application/octet-stream', 'text/calendar', 'x-own/kind']
BROKEN_TYPES = [
    'text', '', '/plain', 'text/', 'text//plain', 'text plain', 'text/plain/x',
    '"text/plain"', 'text/(comment)plain', '(c) text / plain (d)', 'plain',
    'text/plain charset=utf-8', 'te\x01xt/plain', 'text/pl\xe4in', ';charset=x',
    'multipart', 'message/', 'application/x-unknown-type-name',
    'text/plain,', 'text/plain; ;', 'text\x00/plain', '*/*', 'text / html']
CHARSETS = [
    'utf-8', 'us-ascii', 'iso-8859-1', 'x-unknown', 'windows-1252', '',
    'utf8', 'UTF-16', '"koi8-r"', 'unknown-8bit', "'utf-8'", '=?utf-8?q?x?=']
PARAMS = [
    '; name=plain.txt', '; name="a;b.txt"', '; format=flowed',
    "; name*=utf-8''gr%C3%BC%C3%9Fe.txt", '; name*0=one; name*1="two"',
    "; name*0*=utf-8''gr%C3%BC; name*1=\"b c\"", '; name="a \\"b\\".txt"',
    '; name="=?utf-8?q?gr=C3=BC=C3=9Fe=2Etxt?="', '; name = spaced']
BROKEN_PARAMS = [
    '; name="no end', '; name=my file.pdf', ';name=a;;x=b', '; name',
    '; name=', '; =value', '; name=a; name=b', "; name*=utf-8'gr%C3%BC",
    "; name*=x-none''a%FF", "; name*=utf-8''%", "; name*=utf-8''%4",
    "; name*=utf-8''%C3", "; name*=''plain", "; name*=utf-8''%ZZa",
    '; name*1=two; name*0=one', '; name*0=one; name*2=three',
    '; name*1=one; name*2=two', '; name*0=one; name*0=again; name*1=two',
    "; name*0=one; name*1*=%41", "; name*0*=utf-8''a; name*1=%41",
    '; name*00=one; name*01=two', '; name*x=one', '; name**=one',
    "; name=plain; name*=utf-8''star", "; name*=utf-8''star; name=plain",
    '; name="a" x=b', '; name=a x=b', '; name=(c)a', '; name=a(c)',
    '; name=a (c)', '; (c) name=a', '; na(c)me=a', "; name='a b'",
    '; name="a\\', '; name="a\\"', '; name="\xe4.txt"', '; name=\xc3\xa4.txt',
    '; name="a\x00b"', '; name="a\tb"', '; name="a\n b"', '; name="a"b',
    '; name="a";', ' name=a', ', name=a', '; name=a,x=b', '; NAME=A',
    '; name=a=b', '; name=<a@b>', '; name=[1]', '; name=a/b',
    "; name*0*=utf-8''%C3; name*1*=%A4", '; name*-1=a', '; name*0=a; name=b',
    '; name*10=k; name*9=j; name*0=a', '; name="a""b"', '; name=""']
ENCODINGS = ['7bit', '8bit', 'base64', 'quoted-printable', 'binary', 'Base64']
BROKEN_ENCODINGS = [
    'x-uuencode', 'uuencode', 'base-64', 'base64;', 'base64 (c)', '(c) base64',
    '"base64"', '', '8-bit', '7bits', 'none', 'quoted-printable ;x', 'utf-8',
    'base64, base64', 'x-gzip64', 'quoted printable', 'q', 'BASE64\x00']
DISPOSITIONS = [
    'attachment', 'inline', 'ATTACHMENT', 'form-data', '', ';', '"attachment"',
    'attachment (c)', '(c) inline', 'attach/ment', 'a b', 'attachment,']
DISPOSITION_PARAMS = [p.replace('name', 'filename') for p in PARAMS]
BROKEN_DISPOSITION_PARAMS = [p.replace('name', 'filename') for p in BROKEN_PARAMS]
IDS = ['<a@b>', 'a@b', '<a@b', '< a@b >', '<>', '', '<a b@c>', '<a@b> <c@d>',
       '(c)<a@b>', '"a"@b', '<"a b"@c>']
LANGUAGES = ['en', 'en, de', 'de-AT', '', ',', '(c) en', 'en (c)', '"en"']
SUBJECTS = [
    'plain', '', ' ', '=?utf-8?q?J=C3=B6rg?=', '=?utf-8?b?SsO2cmc=?=',
    '=?iso-8859-1?q?J=F6rg?= =?utf-8?q?J=C3=B6rg?=', 'a =?utf-8?q?b?= c',
    '=?utf-8?q?a_b?=\n =?utf-8?q?_c?=', 'folded\n once', 'J\xf6rg', 'J\xc3\xb6rg']
BROKEN_SUBJECTS = [
    '=?utf-8?q?J=C3=B6rg', '=?utf-8?q?J=C3=B6rg?', '=?utf-8?q?=C3=?=',
    '=?utf-8?x?abc?=', '=?x-none?q?J=C3=B6rg?=', '=??q?abc?=', '=?utf-8??abc?=',
    '=?utf-8?q??=', '=?utf-8?b?SsO2cmc?=', '=?utf-8?b?SsO2cm?=',
    '=?utf-8?b?Ss*O2cmc=?=', '=?utf-8?b?=?=', '=?utf-8?b?S?=',
    '=?utf-8?q?a b?=', 'a=?utf-8?q?b?=c', '=?utf-8?q?a?==?utf-8?q?b?=',
    '=?utf-8?q?J=C3?= =?utf-8?q?=B6rg?=', '=?utf-8?b?SsM=?= =?utf-8?b?tnJn?=',
    '=?utf-8?q?=4?=', '=?utf-8?q?=zz?=', '=?utf-8?q?a=?=', '=?utf-8?q?a?b?=',
    '=?UTF-8?Q?a=20b?=', '=?utf-8*en?q?a?=', '=?utf-8?q?a?=\t=?utf-8?q?b?=',
    '"=?utf-8?q?a?="', '(=?utf-8?q?a?=)', '=?utf-8?q?a?= \xc3\xb6',
    '=?iso-2022-jp?b?GyRCJDMbKEI=?=', '=?iso-2022-jp?b?GyRCJDM=?=',
    '=?utf-8?q?' + 'x' * 200 + '?=', 'a\x00b', 'a\tb', '\ta', 'a\n\tb',
    'a\n \n b', '=?us-ascii?q?=E4?=', '=?utf-8?q?a\xe4?=', 'a\x7fb', 'a\\"b',
    '=?utf-8?q?a?= b =?utf-8?q?c?=', '=?gb2312?b?xOO6w8Lw?=', '=?utf-8?q',
    '=?=', '=?utf-8?b?====?=', '=?utf-8?b?SsO2\n cmc=?=', '=?utf-8?q?_?=']
DATES = [
    'Mon, 02 Nov 2026 10:20:30 +0100', '2 Nov 2026 10:20:30 -0800',
    'Mon, 2 Nov 2026 10:20 GMT', 'Mon, 2 Nov 2026 10:20:30 EST']
BROKEN_DATES = [
    '', 'yesterday', 'Mon, 2 Nov 26 10:20:30 +0000', '2 Nov 99 10:20:30 +0000',
    '2 Nov 126 10:20:30 +0000', 'Mon, 32 Nov 2026 10:20:30 +0000',
    'Mon, 31 Nov 2026 10:20:30 +0000', '2 Nov 2026 25:20:30 +0000',
    '2 Nov 2026 10:60:30 +0000', '2 Nov 2026 10:20:60 +0000',
    '2 Nov 2026 10:20:30', '2 Nov 2026 10:20:30 +01:00', '2 Nov 2026',
    '2 Nov 2026 10:20:30 +9999', '2 Nov 2026 10:20:30 +1', 'Nov 2 2026 10:20:30',
    '2 November 2026 10:20:30 +0100', '2-Nov-2026 10:20:30 +0100',
    '2026-11-02T10:20:30Z', '2 Nov 2026 10.20.30 +0100', '2 Nov 2026 1:2:3 +0100',
    'Mon,2 Nov 2026 10:20:30 +0100', 'Mon 2 Nov 2026 10:20:30 +0100',
    'Xyz, 2 Nov 2026 10:20:30 +0100', 'Tue, 2 Nov 2026 10:20:30 +0100',
    '2 Nov 2026 10:20:30 A', '2 Nov 2026 10:20:30 Z', '2 Nov 2026 10:20:30 CET',
    '2 Nov 2026 (c) 10:20:30 (d) +0100 (e)', '2 Nov 2026\n 10:20:30 +0100',
    '2 Nov 2026 10:20:30 PM', '2 Nov 2026 10:20:30 -0000', '0 Nov 2026 10:20:30',
    'Mon Nov  2 10:20:30 2026', '2 Nov 2026 10:20:30 UT', '2 Nov 2026 10:20:30 +010',
    '2 Nov 0 10:20:30 +0000', '2 Nov 2026 10 : 20 : 30 +0100', '(c) 2 Nov 2026 1:02',
    '2 Nov 2026 10:20:30 GMT+1', '2 Nov 2026 10:20:30 "GMT"', '29 Feb 2026 1:02:03']
ADDRESSES = [
    'a@b.example', '<a@b.example>', 'Jane Doe <a@b.example>',
    '"Doe, Jane" <a@b.example>', '=?utf-8?q?J=C3=B6rg?= <a@b.example>',
    'a@b.example (Jane)', 'friends: a@b.example, c@d.example;', 'nobody:;',
    '"a b"@c.example', 'a@[192.0.2.1]', 'J. Doe <a@b.example>']
BROKEN_ADDRESSES = [
    '', ',', 'a', '<>', '<a>', 'a@', '@b', '<@b>', 'a@b@c', '<a@b@c>', 'a b',
    'a b@c', 'Jane <a@b', 'Jane a@b>', 'Jane <<a@b>>', '<a@b> Jane',
    'Jane <a@b> Doe', '"Jane <a@b>', 'Jane" <a@b>', '(Jane <a@b>', 'Jane) <a@b>',
    '(a (b) c) a@b', 'a@b (c (d) e)', 'a(c)@(d)b', 'a@b (c', '(c) (d) a@b (e)',
    '<@r.example:a@b>', '<@r.example,@s.example:a@b>', '<@r.example a@b>',
    'group: a@b', 'group: a@b, c@d', 'group:', 'group: a@b; c@d', 'a@b; c@d',
    'group: inner: a@b;;', ';', ':', ': a@b;', 'a@b,,c@d', ',a@b,', 'a@b c@d',
    'a@b\n ,\n c@d', 'a . b @ c . d', 'a..b@c', '.a@b', 'a.@b', 'a@b.', 'a@.b',
    'a@b..c', '"a"."b"@c', '"a\\"b"@c', '"a\\', '"" <a@b>', '""@b', 'a\\@b',
    '=?utf-8?q?Doe,_Jane?= <a@b>', '=?utf-8?q?a@b?= <a@b>', '"=?utf-8?q?a?=" <a@b>',
    '=?utf-8?q?a?= =?utf-8?q?b?= <a@b>', '=?utf-8?q?a <a@b>', 'J\xf6rg <a@b>',
    'J\xc3\xb6rg <\xc3\xb6@b>', 'a@[1.2.3', 'a@[1.2.3.4] (c)', 'a@[IPv6:::1]',
    'Jane\x00Doe <a@b>', 'Jane@home <a@b>', 'a@b <a@b>', '<a@b>, <c@d>',
    '<a@b> <c@d>', 'mailto:a@b', '<mailto:a@b>', "'Jane' <a@b>", 'undisclosed',
    'undisclosed-recipients:;', 'undisclosed recipients: ;', '< a@b >', '<a @ b>',
    'Jane,Doe <a@b>', 'Jane Doe [x] <a@b>', 'Jane (c) Doe <a@b>', 'a@b\\', 'a%b@c',
    'a!b', 'Jane\n Doe\n <a@b>', 'Jane\tDoe <a@b>', '"Jane\tDoe" <a@b>',
    '"Jane\n Doe" <a@b>', '"Jane" "Doe" <a@b>', '"Jane"Doe <a@b>', 'J.D. <a@b>',
    'a@b (=?utf-8?q?J=C3=B6rg?=)', 'group: "x, y" <a@b>, (c) c@d (e);', '()', '(c)']
LINES = [
    b'a line', b'', b' ', b'-- ', b'--', b'From here', b'.', b'caf\xc3\xa9', b'caf\xe9',
    b'=', b'=C3=A9', b'a = b', b'tail  ', b'tail\t', b'--bb', b'nul \x00 in it',
    b'bare \r in it', b'Content-Type: text/html', b'\xff\xfe', b'\x1b$B', b'~']


class Broken:
    """Makes messages."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.faults = 0

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def fault(self):
        return self.r.random() < self.faults

    def pick(self, right, broken):
        return self.r.choice(broken if self.fault() else right)

    def params(self, right=PARAMS, broken=BROKEN_PARAMS):
        """One or two, of different names unless that is the fault."""
        out = ''
        if self.chance(45):
            out = self.pick(right, broken)
            if self.fault():
                out += self.r.choice(right + broken)
            elif self.chance(30):
                out += self.pick(right, broken).replace('filename', 'name') \
                    .replace('name', 'title')
        return out

    def body(self, encoding):
        lines = [self.r.choice(LINES) for _ in range(self.r.randrange(6))]
        if self.fault() and self.chance(5):
            lines.append(b'x' * self.r.choice([998, 9000, 20000]))
        text = b'\n'.join(lines) + self.r.choice([b'', b'\n', b'\n\n'])
        kind = encoding.lower().strip('"() c;')
        if 'base64' in kind:
            text = self.base64(text)
        elif 'quoted' in kind:
            text = self.quoted(text)
        elif 'uu' in kind:
            text = self.uuencoded(text)
        return text

    def base64(self, text):
        text = base64.encodebytes(text)
        if not self.fault() or not text:
            return text
        at = self.r.randrange(len(text))
        kind = self.r.randrange(8)
        if kind == 0:
            return text.rstrip(b'=\n')
        if kind == 1:
            return text[:at]
        if kind == 2:
            return text[:at] + self.r.choice(
                [b'=', b'==', b'*', b'-', b' ', b'\n', b'\x00', b'\xe4', b'!!',
                 b'--']) + text[at:]
        if kind == 3:
            return text + text
        if kind == 4:
            return text.rstrip(b'\n') + b'=\n'
        if kind == 5:
            return text + b'-- \nfooter\n'
        if kind == 6:
            return text.replace(b'\n', b'')
        return b'not base64 at all\n'

    def quoted(self, text):
        text = quopri.encodestring(text)
        if not self.fault():
            return text
        at = self.r.randrange(len(text) + 1)
        return text[:at] + self.r.choice(
            [b'=', b'=4', b'=zz', b'=c3=a9', b'= \n', b'=\t\nx', b'  \n', b'=\r',
             b'==', b'=4\n1', b'\xe4', b'=0D=0A', b'=\n=\n', b'=00']) + text[at:]

    def uuencoded(self, text):
        lines = [b'begin 644 x']
        for i in range(0, len(text), 45):
            lines.append(binascii.b2a_uu(text[i:i + 45]).rstrip(b'\n'))
        return b'\n'.join(lines + [b'`', b'end', b''])

    def single(self):
        head = []
        if not self.chance(15):
            kind = self.pick(TYPES, BROKEN_TYPES)
            charset = ''
            if self.chance(60):
                charset = '; charset=' + self.pick(CHARSETS[:3], CHARSETS)
            head.append(f'Content-Type: {kind}{charset}{self.params()}')
        encoding = ''
        if self.chance(70):
            encoding = self.pick(ENCODINGS, BROKEN_ENCODINGS)
            head.append(f'Content-Transfer-Encoding: {encoding}')
        if self.chance(40):
            kind = self.pick(DISPOSITIONS[:3], DISPOSITIONS)
            params = self.params(DISPOSITION_PARAMS,
                                 BROKEN_DISPOSITION_PARAMS)
            head.append(f'Content-Disposition: {kind}{params}')
        if self.chance(25):
            head.append(f'Content-ID: {self.pick(IDS[:1], IDS)}')
        if self.chance(15):
            head.append(f'Content-Language: {self.pick(LANGUAGES[:3], LANGUAGES)}')
        return head, self.body(encoding)

    def boundary(self, outer):
        name = self.r.choice(['b', 'bb', '=_x', 'a b', "x'y", 'B', '----x'])
        if outer and self.fault():
            # The same, its beginning, or more of it.
            return self.r.choice([outer, outer[:-1], outer + 'b', outer + '--'])
        return name + str(self.r.randrange(100))

    def multipart(self, depth, outer):
        boundary = self.boundary(outer)
        kind = self.pick(['mixed', 'alternative', 'related', 'digest'],
                         ['mixed', 'digest', 'signed', 'x-own', ''])
        written = f'"{boundary}"'
        if self.fault():
            written = self.r.choice([
                boundary, f'"{boundary}', f'{boundary}"', f'"{boundary} "',
                f"'{boundary}'", f'"{boundary}"; boundary=other', '', '""',
                f'"x{boundary}"', f'=?us-ascii?q?{boundary}?=', f'\\{boundary}',
                f'"{boundary}\n"', f'{boundary} (c)'])
        head = [f'Content-Type: multipart/{kind}; boundary={written}']
        if self.fault():
            head = self.r.choice([
                [f'Content-Type: multipart/{kind}'],
                [f'Content-Type: multipart/{kind} boundary={written}'],
                [f'Content-Type: multipart/{kind}; boundary*0="{boundary[:1]}"; '
                 f'boundary*1="{boundary[1:]}"'],
                [f"Content-Type: multipart/{kind}; boundary*=us-ascii''{boundary}"],
                head + ['Content-Type: text/plain'],
                ['Content-Type: text/plain'] + head, []])
        if self.fault():
            head.append('Content-Transfer-Encoding: ' + self.r.choice(
                ['base64', 'quoted-printable', 'x-own', '7bit']))
        line = b'--' + boundary.encode('latin-1')
        out = []
        if self.chance(40):
            out += [b'preamble', b''] if not self.fault() else [
                self.r.choice([b'--', b'-- ', line + b'x', b' ' + line, line[:-1],
                               b'--b', b'From x'])]
        count = 1 + self.r.randrange(3)
        if self.fault():
            count = self.r.choice([0, 0, 1, 12])
        for _ in range(count):
            out.append(line + (b'' if not self.fault() else self.r.choice(
                [b' ', b'\t ', b' x', b'x', b'-', b'--', b'\r', b'\x00'])))
            if not self.fault() or self.chance(70):
                out.append(self.entity(depth + 1, boundary))
        if not self.fault():
            out.append(line + b'--' + (b'' if not self.fault() else self.r.choice(
                [b' ', b'x', b'-', b'--', b'\t\n', b'\r'])))
        if self.chance(30):
            out += [b'', b'epilogue'] if not self.fault() else self.r.choice(
                [[line], [line, b'', b'late part'], [line + b'--'], [b'\x00']])
        return head, b'\n'.join(out) + (b'' if self.chance(20) else b'\n')

    def nested(self, depth, outer):
        kind = self.pick(['rfc822'], [
            'rfc822', 'RFC822', 'global', 'partial; id=x; number=1',
            'external-body; access-type=x', 'delivery-status',
            'disposition-notification', 'news', 'feedback-report'])
        head = [f'Content-Type: message/{kind}']
        body = self.message(depth + 1, outer)
        if self.fault():
            encoding = self.r.choice(
                ['base64', 'quoted-printable', '8bit', 'x-own', '7bit', 'binary'])
            head.append(f'Content-Transfer-Encoding: {encoding}')
            if encoding == 'base64' and self.chance(70):
                body = self.base64(body)
            if encoding == 'quoted-printable' and self.chance(70):
                body = self.quoted(body)
        if self.fault():
            body = self.r.choice([b'', b'\n', b'no header', b'\n' + body,
                                  b'From x y\n' + body, b' ' + body, b'a: b'])
        return head, body

    def content(self, depth, outer):
        kind = self.r.randrange(100)
        if depth < 5 and kind < (55 if depth == 0 else 20):
            return self.multipart(depth, outer)
        if depth < 5 and kind > 90:
            return self.nested(depth, outer)
        return self.single()

    def header(self, lines, top):
        """The lines of a header, some of them spoiled, and its end."""
        if lines and self.fault():
            i = self.r.randrange(len(lines))
            kind = self.r.randrange(14)
            s = lines[i]
            if kind == 0:
                lines.insert(i, self.r.choice(
                    ['no colon here', 'From x y', '>From x', ' ', ':', ': x',
                     '\t', 'a b: c', '\xe4: x', '--', 'x\x00y: z', '.']))
            elif kind == 1:
                lines[i] = s.replace(': ', ':', 1)
            elif kind == 2:
                lines[i] = s.replace(':', ' :', 1)
            elif kind == 3:
                lines[i] = s.replace(': ', ':\n ', 1)
            elif kind == 4:
                lines[i] = s.replace(': ', ':\n', 1)
            elif kind == 5:
                lines[i] = s.replace(';', ';\n\t', 1)
            elif kind == 6:
                lines[i] = s.replace(';', ';\n', 1)
            elif kind == 7:
                lines[i] = s + '\n '
            elif kind == 8:
                lines[i] = s.replace(': ', ': \r ', 1)
            elif kind == 9:
                lines[i] = ' ' + s
            elif kind == 10:
                lines.append(s)
            elif kind == 11:
                lines.append(s.split(':')[0] + ': other/value')
            elif kind == 12:
                lines[i] = s.upper() if self.chance(50) else s.replace(':', '', 1)
            else:
                at = self.r.randrange(len(s) + 1)
                lines[i] = s[:at] + self.r.choice(
                    ['\x00', '\r', '\n', '\xe4', '"', '(', '\\', ';', ' ']) + s[at:]
        return '\n'.join(lines + [''] if lines else []).encode('latin-1')

    def message(self, depth, outer):
        head = []
        if self.chance(80):
            people = ', '.join(self.pick(ADDRESSES, BROKEN_ADDRESSES)
                               for _ in range(self.r.randrange(1, 3)))
            head.append(f'To: {people}')
        if self.chance(80):
            head.append(f'From: {self.pick(ADDRESSES, BROKEN_ADDRESSES)}')
        if self.chance(80):
            head.append(f'Subject: {self.pick(SUBJECTS, BROKEN_SUBJECTS)}')
        if self.chance(80):
            head.append(f'Date: {self.pick(DATES, BROKEN_DATES)}')
        more, body = self.content(depth, outer)
        head = head + more if self.chance(50) else more + head
        return self.header(head, True) + self.end_of_header() + body

    def end_of_header(self):
        return b'\n' if not self.fault() else self.r.choice(
            [b'', b'\n\n', b' \n', b'\r\n', b'\n'])

    def entity(self, depth, outer):
        head, body = self.content(depth, outer)
        if self.fault() and self.chance(30):
            return self.r.choice([b'', b'\n', body, b'\n' + body])
        return self.header(head, False) + self.end_of_header() + body

    def bomb(self):
        """Deeper, or wider, than a parser should follow."""
        n = self.r.randrange(20, 60)
        if self.chance(50):
            return b'Content-Type: message/rfc822\n\n' * n + b'\nend\n'
        return b''.join(b'Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n'
                        % (i, i) for i in range(n)) + b'\nend\n'

    def make(self):
        self.faults = self.r.choice([0.01, 0.02, 0.04, 0.08])
        data = self.bomb() if self.chance(1) else self.message(0, None)
        if self.chance(10) and data:
            data = data[:self.r.randrange(len(data))]
        ends = self.r.randrange(100)
        if ends < 60:
            # Where there was a CR alone it stays alone.
            data = data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
        elif ends < 65:
            data = b''.join(
                (b'\r\n' if self.chance(50) else b'\n') if c == 10 else
                bytes([c]) for c in data)
        return data
