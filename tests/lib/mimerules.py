# mimerules.py - why parsers of broken mail differ
# SPDX-License-Identifier: ISC
"""Differences between src/mail and its peers, and the rules that explain them.

A rule is a function of a difference that says whether it is this one; its text says
who is right, and why.  The first that does counts.
"""
import re

import mimepeers

RULES = []


class Rule:
    def __init__(self, peers, kinds, test):
        self.name = test.__name__.replace('_', '-')
        self.peers = peers.split()
        self.kinds = kinds.split()
        self.test = test

    def explains(self, d):
        return d.peer in self.peers and d.kind in self.kinds and \
            bool(self.test(d))


def rule(peers, kinds):
    def add(test):
        RULES.append(Rule(peers, kinds, test))
        return test
    return add


class Difference:
    """kind: type, count, param, disposition, id, raw, content, subject, date,
    address.  value is the field's, as it was sent; node the part as we see it."""

    def __init__(self, peer, kind, path, ours, theirs, node, key=''):
        self.peer, self.kind, self.path, self.key = peer, kind, path, key
        self.ours, self.theirs, self.node = ours, theirs, node
        self.value = field(node['head'], FIELDS.get(kind, key))
        self.other = self.root = None

    def __str__(self):
        return (f'{self.peer} {self.kind} {self.key} of {self.path or "it"}: '
                f'ours {self.ours!r:.300}, theirs {self.theirs!r:.300}, '
                f'from {self.value!r:.300}')


FIELDS = {'type': 'content-type', 'param': 'content-type', 'count': 'content-type',
          'dparam': 'content-disposition', 'disposition': 'content-disposition',
          'id': 'content-id', 'subject': 'subject', 'date': 'date',
          'content': 'content-transfer-encoding', 'raw': 'content-type'}


def fields(head, name):
    """The values of a field, unfolded, a character for each octet."""
    found = re.findall(rb'(?im)^' + re.escape(name.encode()) +
                       rb'[ \t]*:((?:.|\n[ \t])*)', head)
    return [v.decode('latin-1').replace('\r\n', '').replace('\n', '').rstrip('\r')
            for v in found]


def field(head, name):
    return (fields(head, name) + [''])[0]


# --- What moves all that follows: the message as a peer reads it ---

def nodes(node):
    yield node
    for p in node['parts']:
        yield from nodes(p)


def python_header_end(head):
    """Where Python ends a header before its empty line, or None.

    RFC 5322 2.2: each line of a header is a field's or continues one.  A line
    that is neither is nobody's; imapd goes on to the empty line, as RFC 5322 2.1
    has it, Python takes it for the body's first.
    """
    at = 0
    last = b''
    for line in re.findall(rb'[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+', head):
        if line in (b'\n', b'\r\n', b'\r'):
            return at if line == b'\r' else None
        if not re.match(rb'From |[!-9;-~]*:|[\t ]', line):
            # A line from an mbox, with nothing of the header behind it.
            return at - len(last) if at > len(last) and last[:5] == b'From ' \
                else at
        last = line
        at += len(line)
    if at > len(last) and last[:5] == b'From ':
        return at - len(last)
    return None


def gmime_header_end(head):
    """The same for GMime."""
    at = 0
    for i, line in enumerate(re.findall(rb'[^\n]*\n|[^\n]+', head)):
        if line.strip(b'\r\n') == b'':
            return None
        if i > 0 and line[:1] in b'\t ':
            pass
        elif not re.match(rb'[!-9;-~]+[ \t]*:', line) and \
                not line.startswith((b'From ', b'>From ')):
            return at
        at += len(line)
    return None


ENDS = {'Python': python_header_end, 'GMime': gmime_header_end}


def header_ends(peer, data, tree):
    for n in nodes(tree):
        at = ENDS[peer](n['head'])
        if at is not None and n['head']:
            at += n['header'][0]
            if data[at:at + 1] == b'\r' and data[at:at + 2] != b'\r\n':
                return data[:at] + b'\n' + data[at + 1:]
            if data[at:at + 1] not in (b'', b'\n'):
                return data[:at] + b'\n' + data[at:]
    return data


def as_read_by(peer, data, tree, ask):
    out, reasons = data, []
    for _ in range(50):
        more = header_ends(peer, out, tree)
        if more is out:
            break
        out = more
        tree = mimepeers.ours(ask(out), out)
        reasons = ['line-without-colon-ends-header']
    return out, reasons


# --- The rules ---

TOKEN = r'[^\x00-\x20\x7f-\xff()<>@,;:\\"/\[\]?=]+'
BOTH = 'Python GMime'


def behind_quotes(value):
    """Whether something else than a semicolon is behind a quoted string."""
    return re.search(r'\0[^;\s]', re.sub(r'"(?:[^"\\]|\\.)*"', '\0', value.replace(
        '\0', '?')))


def same_but(d, change):
    """Whether they are the same once both are changed."""
    return d.ours is not None and d.theirs is not None and \
        change(d.ours) == change(d.theirs)


def plain(s):
    """Without what is not US-ASCII, and what stands for it."""
    return re.sub(r'[^\x20-\x3e\x40-\x7e]+', '?', s.replace('?', '\ufffd'))


def base(name):
    return name.split('*')[0]


def written(d):
    """The parameter's names as they are written in the field."""
    found = re.findall(r'(?i)(?:^|[;\s,"])(' + re.escape(base(d.key)) +
                       r'(?:\*[^\s=]*)?)\s*=', d.value)
    return [n.lower() for n in found]


@rule(BOTH, 'type param dparam disposition id subject date address content raw '
      'count')
def the_field_is_there_twice(d):
    """RFC 2045 3 and RFC 5322 3.6 allow one.  The first counts for imapd, as for
    most; the last does for GMime, and Python finds the first that it can read."""
    name = FIELDS.get(d.kind, d.key)
    return any(len(fields(n['head'], name)) > 1 for n in
               (nodes(d.node) if d.kind == 'count' else [d.node]))


@rule('Python', 'type param dparam disposition id subject date address content '
      'count raw')
def a_carriage_return_alone_in_the_header(d):
    """RFC 5322 2.2: a CR is a line's end only before a LF; Python has each for one."""
    return re.search(rb'\r(?!\n)', d.node['head'])


@rule('Python', 'raw count')
def a_carriage_return_alone_in_the_body(d):
    """RFC 5322 2.3: CR and LF are in a body only together.  Python takes a CR alone for
    a line's end, behind which there can be a delimiter."""
    return re.search(rb'\r(?!\n)', d.node['raw']) and (d.kind == 'count' or same_but(
        d, lambda s: s.replace(b'\r\n', b'\n').replace(b'\r', b'\n').rstrip(b'\n')))


@rule('Python', 'raw')
def a_line_of_an_mbox_in_the_header(d):
    """RFC 5322 2.2: "From " without a colon is no field.  imapd goes on; Python takes it,
    when it is the header's last line, for the body's first."""
    return d.theirs[:5] == b'From ' and d.theirs.endswith(d.ours)


@rule('Python', 'raw')
def the_last_line_end_of_an_unfinished_part(d):
    """RFC 2046 5.1.1: the line end before a delimiter belongs to that.  Python takes it
    from a part also when the message ended without one."""
    return same_but(d, lambda s: s.rstrip(b'\r\n'))


@rule('GMime', 'raw')
def line_ends_of_two_kinds(d):
    """RFC 5322 2.3: a line ends in CRLF.  Where some do and some do not, GMime is wrong
    about the CR, or the blanks, before the line end that belongs to a delimiter."""
    return same_but(d, lambda s: s.rstrip(b' \t\r\n')) or d.theirs == d.ours[:-1]


@rule('Python', 'none')
def a_message_that_cannot_be_read(d):
    """RFC 2045 5.1, RFC 2231 7: Python raises an error for some parameters, a NUL in a
    charset is one of them; imapd shows each message."""
    return b'\0' in d.node['head'] + d.node['raw']


@rule('GMime', 'none')
def a_message_that_ends_in_its_header(d):
    """RFC 5322 2.1: a message may have no body; and who was cut off is a message too.
    GMime has none when the header's last line is not finished."""
    return not re.search(rb'(^|\n)\r?\n$', d.node['head'])


@rule('GMime', 'none')
def a_message_that_begins_with_no_field(d):
    """RFC 5322 2.2: there is no name in the first line, or nothing that it continues.
    imapd takes it for a field without name, GMime for no message."""
    return not re.match(rb'[!-9;-~]+[ \t]*:', d.node['head'])


@rule('Python', 'raw id disposition type param dparam')
def a_carriage_return_behind_a_delimiter(d):
    """RFC 2046 5.1.1: blanks and a line's end may be there.  Python has the CR for the
    line's end, so that an empty line follows, and no header."""
    data = d.root['head'] + d.root['raw']
    at = d.node['header'][0]
    return data[at - 3:at] == b'\r\r\n'


@rule('Python', 'raw type count')
def delimiters_behind_each_other(d):
    """RFC 2046 5.1.1: between them is an empty part.  Python takes them for one, and
    what follows the second for the part."""
    return any(n['head'] == n['raw'] == b'' for n in [d.node] + d.node['parts'])


@rule(BOTH, 'count')
def another_boundary(d):
    """What the boundary is, they read in another way, which another rule explains."""
    return d.node['params'].get('boundary') != d.other['params'].get('boundary')


@rule(BOTH, 'count')
def blanks_at_the_end_of_a_boundary(d):
    """RFC 2046 5.1.1: it cannot end in a blank, but gateways add some behind a
    delimiter.  imapd does without them on both sides."""
    return d.other['params'].get('boundary', '').rstrip(' \t') != \
        d.other['params'].get('boundary', '')


@rule(BOTH, 'count')
def a_multipart_without_parts(d):
    """RFC 9051 9 "body-type-mpart" wants a part: imapd shows all that there is as one
    text, the others show none."""
    return d.ours == d.theirs == 0


@rule('GMime', 'count')
def a_message_part_without_message(d):
    """RFC 2046 5.2.1: there is one in it.  RFC 9051 9 "body-type-msg" wants its
    envelope, imapd shows that of an empty message."""
    return d.ours == 1 and d.theirs == 0 and d.node['type'][:8] == 'message/' and \
        not d.node['raw'].strip()


@rule(BOTH, 'count')
def parts_without_anything(d):
    """RFC 2046 5.1.1: a body-part may be empty, so there is one between two delimiters
    behind each other.  The others leave it out."""
    return len([p for p in d.node['parts'] if p['head'].strip() or p['raw'].strip()]) \
        <= d.theirs < d.ours


@rule(BOTH, 'count')
def other_types_of_messages(d):
    """RFC 9051 7.5.2 and RFC 6532 3.7: message/rfc822 and message/global have a
    structure in a body structure, no others have."""
    return d.ours == 0 and d.node['type'][:8] == 'message/'


@rule('GMime', 'count')
def a_part_that_ends_in_its_header(d):
    """RFC 2046 5.1: a body-part may have no body, and who was cut off is a part too.
    GMime leaves it out when the header has no empty line, or no field."""
    def whole(part):
        return re.search(rb'(^|\n)\r?\n$', part['head'])
    return d.theirs < d.ours and \
        len([p for p in d.node['parts'] if whole(p)]) <= d.theirs


@rule('GMime', 'count')
def a_line_longer_than_a_buffer(d):
    """RFC 5322 2.1.1: a line has 998 characters.  Behind one that is longer than its
    buffer GMime can miss a delimiter."""
    return re.search(rb'[^\n]{4096}', d.node['raw'])


@rule(BOTH, 'count raw type param dparam disposition id')
def boundaries_that_are_alike(d):
    """RFC 2046 5.1.2: each multipart has a boundary of its own.  When two are the same,
    or one is the other's closing delimiter, the inner one goes first for imapd."""
    def twice(found):
        found = [re.sub(r'=\?us-ascii\?q\?|\?=|\(c\)', '', b).rstrip(' \t-')
                 for b in found]
        return len(set(found)) < len(found)
    data = (d.root['head'] + d.root['raw']).decode('latin-1')
    written = re.findall(r'boundary="?([^";\r\n]+)', data)
    pieces = [''.join(p) for p in re.findall(
        r'boundary\*0="([^"]*)"; boundary\*1="([^"]*)"', data)]
    extended = re.findall(r"boundary\*=us-ascii\0?''([^\r\n;]*)", data)
    return twice(written + pieces + extended)


@rule(BOTH, 'count')
def an_empty_boundary(d):
    """RFC 2046 5.1.1: a boundary has a character.  The others take each line with "--"
    for a delimiter."""
    return not d.node['params'].get('boundary')


@rule(BOTH, 'subject')
def a_nul_in_a_subject(d):
    """RFC 9051 4.3: a string has no NUL, imapd shows '?'; GMime's ends there."""
    return '\0' in d.value


@rule(BOTH, 'subject')
def an_encoded_word_with_a_question_mark(d):
    """RFC 2047 2: "?" is not in encoded-text; imapd takes such words for text."""
    return re.search(r'=\?[^?]*\?.\?[^?]*\?(?!=)[^?]*\?=', d.value)


@rule('Python', 'subject')
def an_encoded_word_without_charset(d):
    """RFC 2047 2: a charset is a token, which has a character."""
    return '=??' in d.value


@rule(BOTH, 'subject address')
def octets_that_are_not_in_the_charset(d):
    """RFC 2047 6.3 leaves it open how these, or an unknown charset, are shown: U+FFFD
    here; GMime shows '?', or guesses another charset."""
    return '\ufffd' in str(d.ours)


@rule('GMime', 'subject')
def a_character_in_two_encoded_words(d):
    """RFC 2047 5: each word has whole characters.  imapd puts words of the same charset
    together, as some programs break characters."""
    return re.search(r'\?=\s+=\?', d.value)


@rule(BOTH, 'subject')
def base64_that_is_cut_off_in_an_encoded_word(d):
    """RFC 2045 6.8: imapd shows what octets there are."""
    return re.search(r'(?i)\?b\?', d.value)


@rule(BOTH, 'subject')
def quoted_printable_that_is_cut_off_in_an_encoded_word(d):
    """RFC 2047 4.2: "=" is before two digits; what is no encoding stays as it is."""
    return re.search(r'(?i)\?q\?.*=(?![0-9a-f]{2})', d.value)


TIME = r'\d{1,2}\s*:\s*\d{1,2}(\s*:\s*\d{1,2})?'


@rule(BOTH, 'date')
def a_date_with_blanks_or_comments_in_it(d):
    """RFC 5322 3.3, 4.3: CFWS may be anywhere between the tokens."""
    return '(' in d.value or re.search(r'\d\s+:|:\s+\d', d.value)


@rule(BOTH, 'date')
def a_year_of_other_than_four_digits(d):
    """RFC 5322 4.3: of two digits it is 1950 to 2049, of three 1900 is added; one is
    no year."""
    return re.search(r'[A-Za-z]{3,} (\d{1,3}(?!\d)|[^\d])', d.value)


@rule(BOTH, 'date')
def a_day_of_the_week_that_is_none(d):
    """RFC 5322 3.3: letters, then a comma.  imapd has no date when something else is
    before the day."""
    return d.ours is None and not re.match(r'\s*([A-Za-z]+\s*,?\s*)?\d', d.value)


@rule(BOTH, 'date')
def no_time(d):
    """RFC 5256 2.2: without a valid time it is 00:00:00.  The others take what there is,
    or show no date."""
    return not re.search(r'\d{4}\s+' + TIME + r'(\s*[+A-Z-]|\s*$)', d.value) or \
        re.search(r'25:20|10:60|:\s*$', d.value)


@rule('GMime', 'date')
def a_zone_of_one_letter(d):
    """RFC 5322 4.3: military zones were defined wrongly, and mean -0000."""
    return re.search(r'\d [A-IK-Y]\s*$', d.value)


@rule(BOTH, 'date')
def a_zone_that_is_none(d):
    """RFC 5256 2.2: a zone that is not valid is UTC."""
    return not re.search(r'\d\s+([+-](0\d|1[012])\d\d|UT|GMT|[ECMP][SD]T|[A-Z])$',
                         d.value.strip())


@rule('GMime', 'date')
def a_leap_second(d):
    """RFC 5322 3.3: a minute may have 61 seconds."""
    return ':60 ' in d.value


@rule('Python', 'date')
def a_day_that_there_is_not(d):
    """RFC 5322 3.3: the day must be in the month."""
    return d.ours is None and re.search(r'(31 Nov|32 Nov|29 Feb|\b0 Nov)', d.value)


BASE64 = r'(?i)\s*base64\s*'


@rule(BOTH, 'content')
def what_is_nearly_an_encoding(d):
    """RFC 2045 6.1: a token, and RFC 5322 3.2.2 comments.  imapd takes the token that is
    there; the others compare all of the value."""
    return not re.fullmatch(rf' ?{TOKEN}', d.value) and \
        d.node['encoding'].lower() in ('base64', 'quoted-printable')


@rule('Python', 'content')
def an_encoding_on_a_line_of_its_own(d):
    """RFC 5322 2.2.3: a fold may be anywhere where a blank may; Python does not undo
    this one."""
    return re.search(rb'(?im)^content-transfer-encoding:[ \t]*\r?\n', d.node['head'])


@rule(BOTH, 'content')
def uuencode(d):
    """RFC 2045 6.4: what is in an unknown encoding are octets to which nothing is done;
    RFC 3516 4.3 has UNKNOWN-CTE for it."""
    return 'uu' in d.node['encoding'].lower()


@rule(BOTH, 'content')
def blanks_at_the_end_of_an_encoded_line(d):
    """RFC 2045 6.7 (3): they must be deleted.  The others keep them."""
    return d.node['encoding'].lower() == 'quoted-printable' and \
        re.search(rb'[ \t]\r?\n', d.node['raw'])


@rule(BOTH, 'content')
def what_is_no_quoted_printable(d):
    """RFC 2045 6.7 (1), (5): "=" is before two digits or a line's end; what is no
    encoding stays as it is."""
    return d.node['encoding'].lower() == 'quoted-printable' and \
        re.search(rb'=(?![0-9A-F]{2}|[ \t]*\r?\n)', d.node['raw'])


@rule('GMime', 'content')
def base64_behind_its_end(d):
    """RFC 2045 6.8: "=" is at the end only, and tells that the end was reached; imapd
    reads on, as some programs encode in pieces."""
    return re.fullmatch(BASE64, d.value) and b'=' in d.node['raw'].rstrip(b'=\r\n') \
        and d.ours.startswith(d.theirs[:-3])


@rule(BOTH, 'content')
def base64_with_other_octets(d):
    """RFC 2045 6.8: octets that are none of the alphabet are ignored, a quantum that is
    not complete gives what it has."""
    return re.fullmatch(BASE64, d.value)


@rule(BOTH, 'type')
def an_encoded_message(d):
    """RFC 2046 5.2.1 allows no encoding but 7bit, 8bit and binary on a message/rfc822;
    imapd calls it application/octet-stream, as RFC 2045 6.4 has it for unknown
    encodings, since a body structure would have to tell what is encoded in it."""
    return d.ours == 'application/octet-stream' and d.node['encoding'] and \
        re.match(r'message/(rfc822|global)\b', d.theirs)


@rule(BOTH, 'type')
def too_deep(d):
    """imapd goes MIME_DEPTH_MAX deep; no RFC has a limit, and its recursion must."""
    return d.ours == 'text/plain' and d.path.count('.') >= 31 and \
        d.theirs.split('/')[0] in ('multipart', 'message')


@rule('Python', 'type')
def a_comment_in_the_type(d):
    """RFC 2045 5.1, RFC 5322 3.2.2: comments may be between the tokens."""
    return '(' in d.theirs and re.sub(r'\([^()]*\)|\s', '', d.theirs) == d.ours


@rule(BOTH, 'type')
def no_type(d):
    """RFC 2045 5.2: what has no valid syntax is text/plain, which imapd has; GMime
    makes application/octet-stream of it, Python has what there is."""
    return d.ours == 'text/plain' and not re.match(
        rf'\s*{TOKEN}\s*/\s*{TOKEN}\s*(;|\(|$)', d.value)


@rule(BOTH, 'type')
def more_behind_the_type(d):
    """RFC 2045 5.1: a token ends at what cannot be in it; what follows up to the
    semicolon is nothing for imapd, and some of the type for the others."""
    return re.match(rf'\s*{TOKEN}\s*/\s*{TOKEN}\s*[^;\s]', d.value) and \
        d.value.strip().lower().startswith(d.ours)


@rule('Python', 'type')
def blanks_in_the_type(d):
    """RFC 2045 5.1, RFC 5322 3.2.2: blanks may be between the tokens."""
    return re.sub(r'\s', '', d.theirs) == d.ours


@rule('GMime', 'param dparam')
def an_encoded_word_as_parameter(d):
    """RFC 2047 5 forbids it, programs do it, GMime decodes it.  A body structure has
    what was sent: clients decode it."""
    return d.ours and d.theirs and (
        mimepeers.decoded(d.ours) == d.theirs or re.search(r'=\?.*\?q\?', d.ours))


@rule(BOTH, 'param dparam')
def a_quoted_string_without_an_end(d):
    """RFC 5322 3.2.4 wants the quote; without it the value goes to the end.  The
    others keep the first quote as part of it, and take the last octet off."""
    def bare(s):
        return re.sub(r'["\\]', '', mimepeers.decoded(s) or '')
    return d.ours is not None and d.theirs is not None and \
        bare(d.ours) == bare(d.theirs) and \
        '"' in re.sub(r'"(?:[^"\\]|\\.)*"', '', d.value)


@rule('GMime', 'param dparam')
def an_empty_value(d):
    """RFC 2045 5.1: a value has a character.  imapd tells what there is, an empty
    string; GMime leaves the parameter out, and what follows."""
    return d.theirs is None and re.search(r'=\s*(;|$)', d.value)


@rule('GMime', 'param dparam')
def a_parameter_behind_one_that_is_broken(d):
    """RFC 2045 5.1: a parameter has a name.  imapd reads on behind what is none, GMime
    ends there."""
    return d.theirs is None and re.search(
        r';\s*=|\*[-x*]|;\s*[^\s\w]|""|;[^=;]+;|;\s*\w+\s+\w+\s*=|"\s+\w+\s*=', d.value)


@rule('GMime', 'param dparam address')
def a_carriage_return_in_a_field(d):
    """RFC 5322 2.2: a CR is in a field only before a LF.  GMime drops it, or shows it;
    imapd takes it for a blank between words."""
    return '\r' in d.value


@rule('Python', 'param dparam')
def a_quote_in_a_name(d):
    """RFC 2045 5.1: a quoted string is a value.  Python takes a quote anywhere for the
    beginning of one, with the semicolons up to the next."""
    return re.search(r'[^\s=;"]"[^";]*=', d.value)


@rule(BOTH, 'param dparam')
def a_name_that_is_no_token(d):
    """RFC 2045 5.1: octets beyond US-ASCII, controls and specials are in no token.
    imapd takes what is behind them for the name."""
    return not re.fullmatch(TOKEN, d.key) or not d.key.isascii() or re.search(
        r'[^\x20\x21\x23-\x5b\x5d-\x7e][^;=]*' + re.escape(d.key) + r'[*\d]*\s*=',
        d.value)


@rule('Python', 'param dparam')
def angle_brackets_around_a_value(d):
    """RFC 2045 5.1: they are in no token; what is sent without quotes is taken as it
    is.  Python takes them for quotes."""
    return d.ours is not None and d.ours == f'<{d.theirs}>'


@rule(BOTH, 'param dparam')
def the_parameter_is_there_twice(d):
    """RFC 2231 3 and 4 say nothing of the same name, or section, twice.  Here the
    extended form goes before the plain one (RFC 6266 4.3), and the first of each
    counts; the others put all together, or take another."""
    names = written(d)
    forms = {'' if '*' not in n else '*' if n.endswith('*') and n.count('*') == 1
             else '*0' for n in names}
    return len({re.sub(r'\*$', '', n) for n in names}) < len(names) or len(forms) > 1


@rule(BOTH, 'param dparam')
def sections_that_do_not_begin_at_0_or_have_a_gap(d):
    """RFC 2231 3: sections count from 0 without gaps.  imapd puts together what is
    there up to the gap and shows the rest as it is; others close the gap."""
    numbers = sorted({int(n) for n in re.findall(
        re.escape(base(d.key)) + r'\*(\d+)', d.value.lower())})
    return numbers and numbers != list(range(len(numbers)))


@rule(BOTH, 'param dparam')
def a_star_that_is_no_section(d):
    """RFC 2231 7: behind the star is a number, or nothing.  "name*x" and "name**" are
    parameters with strange names to imapd."""
    return any(re.search(r'\*.*[^0-9*]|\*\*|\*0\d', n) for n in written(d))


@rule(BOTH, 'param dparam')
def an_extended_value_that_is_broken(d):
    """RFC 2231 7: charset'language'octets, these as %XX in that character set.  A body
    structure has what was sent; what a client makes of it, only it knows."""
    return any(re.search(rf'(?i){re.escape(base(d.key))}(\*\d+)?\*\s*=\s*"?' + bad,
                         d.value)
               for bad in (r'[^;]*[\r\n]', r"[^';]*'?[^';]*(;|$)", r"x-none'", r"''",
                           r"[^;]*%(?![0-9a-fA-F]{2})", r"[^;]*%C3(?!%)"))


@rule(BOTH, 'param dparam disposition id')
def a_nul(d):
    """RFC 5322 2.2 has no NUL.  A response of IMAP can have none either (RFC 9051 4.3),
    imapd shows it as '?'; GMime's strings end there."""
    return '\0' in d.value and (
        same_but(d, lambda s: s.replace('\0', '?')) or d.peer == 'GMime')


@rule('Python', 'param dparam disposition id address subject')
def octets_beyond_ascii(d):
    """RFC 5322 2.2 has none; RFC 6532 3.2 has UTF-8.  Python's email shows each as
    U+FFFD, imapd hands on what was sent."""
    return re.search('[\x80-\xff]', d.value) and same_but(
        d, lambda x: [plain(s) for a in x for s in a] if isinstance(x, list)
        else plain(x))


@rule(BOTH, 'param dparam')
def no_semicolon(d):
    """RFC 2045 5.1 has one before each parameter.  imapd reads one that follows a
    type or a quoted string without it, rather than lose it."""
    return re.search(r'(?i)(\?|^\s*)' + re.escape(d.key) + '=', d.value) or \
        re.search(r'("|[\w/]|^\s*' + TOKEN + r')[ \t,]+' + re.escape(d.key) +
                     r'\*?\s*=|"\s*' + re.escape(d.key) + r'\s*=', d.value) or \
        (d.theirs is not None and d.ours is not None and
         re.search(r'\0\s*[^;\s]', re.sub(r'"(?:[^"\\]|\\.)*"', '\0', d.value)) and
         re.sub(r'["\\]', '', d.theirs).startswith(re.sub(r'["\\]', '', d.ours)))


@rule(BOTH, 'param dparam')
def a_comment_beside_a_parameter(d):
    """RFC 2045 5.1: comments are let pass, "charset=us-ascii (Plain text)" is its
    example.  A value that begins with a parenthesis is taken for one without quotes
    by imapd: "name=(1).txt" is met."""
    return '(' in re.sub(r'"(?:[^"\\]|\\.)*"', '', d.value)


@rule('Python', 'param dparam')
def a_parameter_without_value(d):
    """RFC 2045 5.1: there is an "=" in a parameter; without, imapd has none."""
    return re.search(r'(^|[;\s])' + re.escape(d.key) + r'\s*(;|$)', d.value) or \
        d.ours is None and d.theirs == '' and \
        not re.search(r'(^|[;\s])' + re.escape(d.key) + r'\s*=', d.value) or \
        d.key == ''


@rule(BOTH, 'param dparam address id')
def blanks_and_line_ends(d):
    """RFC 5322 2.2.3: folded lines are unfolded before they are read; the others keep
    the line's end in a quoted string.  A run of blanks in a phrase is one to imapd
    (RFC 5322 3.2.2)."""
    return same_but(d, lambda x: re.sub(r'\s+', ' ', repr(x).replace('\\r\\n', '')
                                        .replace('\\n', '').replace('\\t', ' ')))


@rule(BOTH, 'param dparam')
def more_behind_a_quoted_string(d):
    """RFC 2045 5.1: a value is one token or one quoted string."""
    return behind_quotes(d.value)


@rule(BOTH, 'disposition')
def what_is_no_disposition(d):
    """RFC 2183 2: a token.  imapd takes the token that is there without quotes,
    comments and what follows; what has only parameters is an attachment (RFC 2183
    2.8)."""
    return not re.fullmatch(rf'\s*{TOKEN}\s*(;.*)?', d.value)


@rule('GMime', 'id')
def an_id_that_is_none(d):
    """RFC 2045 7 has the syntax of RFC 5322 3.6.4; a body structure has what was sent,
    GMime what it could read of it."""
    return not re.fullmatch(r'\s*<[\w.-]+@[\w.-]+>\s*', d.value)


# --- Addresses ---

def outside(value):
    """An address field without quoted strings and comments, as far as they end."""
    value = re.sub(r'"(?:[^"\\]|\\.)*"', 'q', value)
    before = None
    while before != value:
        before, value = value, re.sub(r'\((?:[^()\\]|\\.)*\)', ' ', value)
    return value


def shown(addresses):
    """Without quotes of local parts, and each run of blanks as one."""
    out = []
    for name, addr in addresses:
        if name in ('group', 'end'):
            out.append((name, plain(addr or '')))
            continue
        local, at, host = addr.rpartition('@')
        if local[:1] == '"' == local[-1:]:
            local = re.sub(r'\\(.)|"', lambda m: m[1] or '', local)
        out.append((plain(re.sub(r'\s+', ' ', name)).strip(),
                    plain(local + at + host)))
    return out


@rule(BOTH, 'address')
def a_quoted_local_part(d):
    """RFC 9051 7.5.2: in an envelope a local part is without its quotes; the others
    keep them."""
    return re.search(r'"\s*@|"\s*\.|\.\s*"', d.value) and \
        shown(d.ours) == shown(d.theirs)


@rule(BOTH, 'address')
def a_nul_in_an_address(d):
    """RFC 9051 4.3: a string has no NUL, imapd shows '?'."""
    return '\0' in d.value


@rule('GMime', 'address')
def octets_beyond_ascii_in_an_address(d):
    """RFC 6532 3.2: they may be UTF-8.  GMime shows no address when they are not."""
    return re.search('[\x80-\xff][^<>,;]*@|@[^<>,;]*[\x80-\xff]', d.value)


@rule(BOTH, 'address')
def a_quote_without_an_end(d):
    """RFC 5322 3.2.4: there are two.  imapd takes the single one for nothing, so that
    no address is lost; Python reads to the end, GMime to the line's."""
    return '"' in outside(d.value)


@rule(BOTH, 'address')
def a_comment_without_an_end(d):
    """RFC 5322 3.2.2: parentheses come in pairs.  imapd takes a single one for text, so
    that no address is lost."""
    return '(' in outside(d.value) or ')' in outside(d.value)


@rule(BOTH, 'address')
def a_comment_as_a_name(d):
    """RFC 5322 3.4: legacy implementations have the name in a comment.  imapd takes the
    last one of an address without another name; Python puts all together, GMime takes
    none of those before the address."""
    return '(' in d.value and [a for _, a in shown(d.ours)] == \
        [a for _, a in shown(d.theirs)]


@rule(BOTH, 'address')
def a_route(d):
    """RFC 5322 4.4 "obs-route" must be read; an envelope has it for itself."""
    return re.search(r'<\s*@', d.value)


@rule(BOTH, 'address')
def an_encoded_word_with_specials(d):
    """RFC 2047 5 (3): in a phrase these are encoded.  Senders forget it; imapd takes the
    word as it is meant."""
    return re.search(r'=\?[^?]*\?.\?[^?]*[,@.<>;:"()][^?]*\?=|"\s*=\?|=\?[^?]*\?[^?]*$',
                     d.value)


@rule(BOTH, 'address')
def a_group_that_does_not_end(d):
    """RFC 5322 3.4: a group ends with ";", and there is none in another.  imapd ends it
    at the next one's beginning, or the field's end."""
    value = outside(d.value)
    return not re.fullmatch(r'([^:;]*:[^:;]*;)*[^:;]*', re.sub(r'<@[^<>]*:', '<', value))


@rule(BOTH, 'address')
def angle_brackets_that_are_no_pair(d):
    """RFC 5322 3.4: "<" addr-spec ">".  imapd reads what is there as if they were."""
    return not re.fullmatch(r'([^<>]*<[^<>]*>)*[^<>]*', outside(d.value))


@rule(BOTH, 'address')
def an_address_without_anything(d):
    """RFC 5322 4.4 lets commas be without anything between them, and there is no
    address for imapd; for "<>" there is one, which is empty, so that its name stays."""
    return re.search(r'(^|[,;:])\s*(,|;|$|<\s*>)|<\s*>', outside(d.value)) and \
        [a for a in shown(d.ours) if a[1]] == [a for a in shown(d.theirs) if a[1]]


@rule(BOTH, 'address')
def no_local_part_or_no_domain(d):
    """RFC 5322 3.4.1: both are there.  imapd shows the half that is; the others show
    nothing, or take what follows."""
    return re.search(r'(^|[<,;:\s])@|@\s*($|[>,;])', outside(d.value)) or \
        '""@' in d.value


@rule('Python', 'address')
def a_quoted_string_that_is_folded(d):
    """RFC 5322 2.2.3: unfolding comes first; Python ends a quoted string at a CR."""
    return re.search(rb'"[^"\n]*\r\n[ \t]', d.node['head'])


@rule('Python', 'address')
def a_sign_in_a_name(d):
    """RFC 5322 3.2.5: in a name it must be quoted, and often is not.  imapd takes what is
    before "<" for the name."""
    return re.search(r'@[^,;:<>]*<', outside(d.value))


@rule(BOTH, 'address')
def two_signs(d):
    """RFC 5322 3.4.1: one "@" is in an addr-spec.  For imapd the last one counts, as it
    does for who delivers; Python shows nothing, GMime ends at the second."""
    return re.search(r'@[^,;:<>]*@', outside(d.value))


@rule(BOTH, 'address')
def words_without_a_domain(d):
    """RFC 5322 3.4.1: an address has a domain.  imapd shows one word as a local part
    and several as a name; the others take the first, or what follows, too."""
    return any('@' not in a and a.strip() for a in re.split(
        r'[,;:]', outside(d.value)))


@rule(BOTH, 'address')
def text_behind_an_address(d):
    """RFC 5322 3.4: a comma is behind it.  What follows ">" is an address of its own to
    imapd, what follows a domain is nothing."""
    return re.search(r'>\s*[^,;\s>]|@\S+\s+[^\s,;.<@>]', outside(d.value))


@rule(BOTH, 'address')
def dots_that_are_no_dot_atom(d):
    """RFC 5322 3.2.3: there is text on both sides of a dot.  imapd keeps them, the
    others stop there."""
    return re.search(r'\.\s*\.|(^|[\s<,])\.|\.\s*@|@\s*\.|\.\s*([,>;]|$)',
                     outside(d.value))


@rule(BOTH, 'address')
def blanks_in_a_local_part(d):
    """RFC 5322 4.4: blanks are between words and dots only; imapd drops others too."""
    return re.search(r'[^\s,;<>.]\s+[^\s,;<>.@]+\s*@', outside(d.value))


@rule(BOTH, 'address')
def a_backslash_outside_of_quotes(d):
    """RFC 5322 3.2.1: it quotes within quoted strings and comments; elsewhere it is
    text to imapd."""
    return '\\' in outside(d.value)


@rule(BOTH, 'address')
def brackets_that_are_no_domain(d):
    """RFC 5322 3.4.1: a domain-literal is in brackets, behind "@".  Text in others, or
    without an end, is text to imapd."""
    return re.search(r'\[[^\]]*$|\[[^\]]*[,;>]|(^|[^@\s])\s*\[', outside(d.value))


@rule('Python', 'address')
def words_of_a_name_without_blank(d):
    """RFC 5322 3.2.5: a phrase is of words, between which there need be no blank: imapd
    adds none, Python does."""
    def closed(addresses):
        return [(a.replace(' ', ''), b) for a, b in shown(addresses)]
    return '"' in d.value and closed(d.ours) == closed(d.theirs)


# --- What is compared ---

def differences(peer, ours, theirs, judge, path='', root=None):
    root = root or ours

    def differs(kind, a, b, key=''):
        judge.compared += 1
        if a != b:
            d = Difference(peer, kind, path, a, b, ours, key)
            d.other, d.root = theirs, root
            yield d
    if theirs is None:
        yield Difference(peer, 'none', path, ours['type'], None, ours)
        return
    if ours['type'] != theirs['type']:
        d = Difference(peer, 'type', path, ours['type'], theirs['type'], ours)
        d.other, d.root = theirs, root
        yield d
        return
    for kind, key in (('param', 'params'), ('dparam', 'dparams')):
        if theirs[key] is not None:
            for name in sorted({**ours[key], **theirs[key]}):
                yield from differs(kind, ours[key].get(name),
                                   theirs[key].get(name), name)
    for key in ('disposition', 'id'):
        yield from differs(key, ours[key], theirs[key])
    if 'subject' in ours or 'from' in ours or 'to' in ours or 'date' in ours:
        if theirs.get('subject') is not None:
            yield from differs('subject', ours.get('subject'), theirs['subject'])
        if field(ours['head'], 'date'):
            yield from differs('date', ours.get('date'), theirs.get('date'))
        for key in ('from', 'to'):
            if key in theirs and key in ours:
                yield from differs('address', people(ours[key], peer),
                                   people(theirs[key], peer), key)
    mine = ours['parts']
    whole = ours['type'][:10] == 'multipart/' and \
        mine[0]['header'] == [ours['body'][0], 0]
    if whole:
        d = Difference(peer, 'count', path, 0, len(theirs['parts']), ours)
        d.other, d.root = theirs, root
        yield d
        return
    if len(mine) != len(theirs['parts']):
        d = Difference(peer, 'count', path, len(mine), len(theirs['parts']), ours)
        d.other, d.root = theirs, root
        yield d
        return
    if not mine:
        if 'raw' in theirs:
            yield from differs('raw', ours['raw'], theirs['raw'])
        if theirs.get('raw') == ours['raw'] and 'content' in theirs and \
                'content' in ours:
            yield from differs('content', ours['content'], theirs['content'])
    for i, (a, b) in enumerate(zip(mine, theirs['parts']), 1):
        yield from differences(peer, a, b, judge, f'{path}.{i}'.lstrip('.'),
                               root)


def people(addresses, peer):
    """Python tells nothing of groups, and of nobody as of an empty address."""
    if peer != 'Python':
        return addresses
    return [a for a in addresses if a[0] not in ('group', 'end') and a != ('', '')]
