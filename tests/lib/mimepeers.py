# mimepeers.py - what parsers say of a message, in one form
# SPDX-License-Identifier: ISC
"""Trees of parts from src/mail, GMime and Python's email.

Text is str of characters; octets that are in no known character set are latin-1.
A node has: type, params, disposition, dparams (dicts), id, language, content,
body (offset and length, or None where the parser does not tell), raw (its octets
as they were sent), lines, parts; and of a message subject, date, from, to.  What
a parser does not tell at all is not in the node.
"""
import email
import email.header
import email.utils
import json
import subprocess
import urllib.parse


def utf8(s):
    """Octets, each a character, as text."""
    if s is None:
        return None
    try:
        return s.encode('latin-1').decode('utf-8')
    except UnicodeError:
        return s


class Program:
    """One of tests/tools/mime-*: give it a message, take a tree."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, data):
        self.process.stdin.write(b'%d\n%s' % (len(data), data))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f'the program ended: {self.process.wait()}')
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        return self.process.wait(20)


def extended(value):
    """RFC 2231 4: charset'language'percent-encoded."""
    parts = value.split("'", 2)
    charset, text = (parts[0], parts[2]) if len(parts) == 3 else ('', value)
    octets = urllib.parse.unquote_to_bytes(text.encode('latin-1'))
    try:
        return octets.decode(charset or 'utf-8')
    except (LookupError, UnicodeError):
        return utf8(octets.decode('latin-1'))


def bare(s):
    """An id without what is around it."""
    return s.strip().removeprefix('<').removesuffix('>').strip()


def our_params(pairs):
    """The extended form wins, as senders write both for old readers."""
    out = {}
    for name, value in pairs:
        if not name.endswith('*') and name.lower() not in out:
            out[name.lower()] = utf8(value)
    for name, value in pairs:
        if name.endswith('*') and len(name) > 1:
            out[name[:-1].lower()] = extended(value)
    return out


def our_address(a):
    if a['host'] is None:
        return ('group', utf8(a['mailbox'])) if a['mailbox'] is not None \
            else ('end', None)
    host = '@' + a['host'] if a['host'] else ''
    return utf8(a['name']) or '', utf8(a['mailbox'] + host)


def ours(tree, data):
    node = {
        'type': tree['type'].lower(), 'params': our_params(tree['params']),
        'disposition': (tree['disposition'] or '').lower(),
        'dparams': our_params(tree['dparams']),
        'id': bare(utf8(tree['id'] or '')),
        'language': tree['language'] or '', 'encoding': tree['encoding'] or '',
        'header': tree['header'], 'body': tree['body'], 'lines': tree['lines'],
        'parts': [ours(p, data) for p in tree['parts']],
    }
    at, size = tree['body']
    if tree['type'] == 'TEXT/PLAIN' and \
            tree['params'] == [['CHARSET', 'US-ASCII']] and \
            b'CHARSET=US-ASCII' not in data[:sum(tree['header'])]:
        # RFC 2045 5.2: what is said of a part without a type.
        node['params'] = {}
    node['raw'] = data[at:at + size]
    node['head'] = data[tree['header'][0]:sum(tree['header'])]
    if 'content' in tree:
        node['content'] = tree['content'].encode('latin-1')
    if 'subject' in tree:
        node['subject'] = utf8(tree['subject'])
    if 'date' in tree:
        node['date'] = tree['date']
    for key in ('from', 'to'):
        if key in tree:
            node[key] = [our_address(a) for a in tree[key]]
    return node


def gmime_address(a):
    if 'group' in a:
        return 'group', utf8(a['group'])
    if 'end' in a:
        return 'end', None
    return utf8(a['name']) or '', utf8(a['addr'] or '')


def gmime(tree, data):
    if tree is None:
        return None
    node = {
        'type': f'{tree["type"]}/{tree["subtype"]}'.lower(),
        'params': {k.lower(): utf8(v) for k, v in reversed(tree['params'])},
        'disposition': (tree['disposition'] or '').lower(),
        'dparams': {k.lower(): utf8(v) for k, v in reversed(tree['dparams'])},
        'id': bare(utf8(tree['id'] or '')),
        'parts': [gmime(p, data) for p in tree['parts']],
    }
    if 'body' in tree:
        at, size = tree['body']
        node['body'] = tree['body']
        node['raw'] = data[at:at + size]
        node['content'] = tree['content'].encode('latin-1')
    if 'subject' in tree:
        node['subject'] = utf8(tree['subject'])
    if 'date' in tree:
        node['date'] = tree['date']
    for key in ('from', 'to'):
        if key in tree:
            node[key] = [gmime_address(a) for a in tree[key]]
    return node


def octets(s):
    """What email.message keeps of octets beyond US-ASCII."""
    return s.encode('utf-8', 'surrogateescape')


def text(s):
    """The same as text; what is not UTF-8 is windows-1252, as in src/mail."""
    out = octets(s)
    try:
        return out.decode('utf-8')
    except UnicodeError:
        return out.decode('latin-1')


def decoded(value):
    """A field's value with its encoded words; Python finds them, and what
    their octets mean is found as in src/mail."""
    out = []
    try:
        words = email.header.decode_header(text(value))
    except email.errors.HeaderParseError:
        return None
    for s, charset in words:
        if isinstance(s, bytes):
            try:
                s = s.decode(charset or 'raw-unicode-escape', 'replace')
            except (LookupError, ValueError):
                s = s.decode('us-ascii', 'replace')
        out.append(s)
    return ''.join(out)


def python_params(part, header):
    try:
        pairs = part.get_params([], header)[1:]
    except (IndexError, ValueError, TypeError):
        return None
    out = {}
    for name, value in pairs:
        if isinstance(value, tuple):
            value = email.utils.collapse_rfc2231_value(value)
        out.setdefault(name.lower(), text(value))
    return out


def people(part, name):
    """Newer Pythons answer nothing at all for an empty element, unless told."""
    value = part.get(name)
    strict = {'strict': False} if \
        getattr(email.utils, 'supports_strict_parsing', False) else {}
    return [(decoded(name), text(addr)) for name, addr in
            email.utils.getaddresses([str(value)], **strict)]


def python_part(part, message):
    """A part; message is True when it is the whole or in a message/rfc822."""
    disposition = part.get('content-disposition') or ''
    node = {
        'type': part.get_content_type(),
        'params': python_params(part, 'content-type'),
        'disposition': text(str(disposition).split(';')[0].strip().lower()),
        'dparams': python_params(part, 'content-disposition'),
        'id': bare(text(str(part.get('content-id') or '')).strip()),
        'parts': [],
    }
    if message:
        if part.get('subject') is not None:
            node['subject'] = decoded(
                str(part._headers[[k.lower() for k, _ in part._headers]
                                  .index('subject')][1])
                .replace('\r', '').replace('\n', '').strip())
        if part.get('date') is not None:
            try:
                date = email.utils.parsedate_tz(str(part.get('date')))
                node['date'] = email.utils.mktime_tz(date)
            except (TypeError, ValueError, OverflowError):
                pass
        for key in ('from', 'to'):
            if part.get(key) is not None:
                node[key] = people(part, key)
    if part.is_multipart():
        node['parts'] = [python_part(p, part.get_content_maintype() == 'message')
                         for p in part.get_payload()]
    else:
        node['raw'] = octets(part._payload or '')
        try:
            node['content'] = part.get_payload(decode=True)
        except ValueError:
            pass
    return node


def python(data):
    """None when it raises an error."""
    try:
        return python_part(email.message_from_bytes(data), True)
    except ValueError:
        return None
