# store.py - a store of the tortures, who works on it, and what can be seen of it
# SPDX-License-Identifier: ISC
import contextlib
import copy
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time

LIMIT = 30                      # seconds that anything may take


class Broken(Exception):
    """A promise that does not hold."""


class Gone(Exception):
    """The session ended."""


class Imap:
    """One session on pipes; prefix is what starts it, a tracer for one."""

    def __init__(self, store, user='alice', prefix=None, greet=True):
        if prefix is None:
            prefix = store.prefix
        self.process = subprocess.Popen(
            [*prefix, store.program('imapd'), '--preauth', user],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=store.log,
            env=store.environment, bufsize=0)
        self.buffer = b''
        self.tag = 0
        if greet:
            self.read()

    def more(self):
        if not select.select([self.process.stdout], [], [], LIMIT)[0]:
            raise Broken('no answer in %d seconds' % LIMIT)
        octets = os.read(self.process.stdout.fileno(), 1 << 20)
        if not octets:
            raise Gone
        self.buffer += octets

    def line(self):
        while b'\n' not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line + b'\n'

    def read(self):
        """One response, with its literals."""
        line = self.line()
        while True:
            literal = re.search(rb'\{(\d+)\}\r\n$', line)
            if not literal:
                return line
            size = int(literal[1])
            while len(self.buffer) < size:
                self.more()
            line += self.buffer[:size]
            self.buffer = self.buffer[size:]
            line += self.line()

    def send(self, text):
        self.tag += 1
        tag = b't%d' % self.tag
        try:
            data = tag + b' ' + text + b'\r\n'
            while data:
                data = data[os.write(self.process.stdin.fileno(), data):]
        except BrokenPipeError:
            raise Gone from None
        return tag

    def answer(self, tag):
        """The responses up to the tagged one, which is the last."""
        got = []
        while True:
            got.append(self.read())
            if got[-1].startswith(tag + b' '):
                return got

    def command(self, text):
        return self.answer(self.send(text))

    def ok(self, text):
        got = self.command(text)
        if b' OK' not in got[-1].split(b'\r\n')[0][:12]:
            raise Broken('%r: %r' % (text[:80], got[-1]))
        return got

    def end(self):
        """Hang up; the exit status, 128 and more for a signal."""
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Broken('the session does not end') from None
        return code if code >= 0 else 128 - code


def flags_of(text):
    found = re.search(rb'FLAGS \(([^)]*)\)', text)
    return tuple(sorted(f.decode() for f in found[1].split()
                        if f != b'\\Recent'))


class Mailbox:
    """What a client sees of one."""

    def __init__(self, identity, validity, uidnext, modseq, messages):
        self.identity = identity
        self.validity = validity
        self.uidnext = uidnext
        self.modseq = modseq
        self.messages = messages        # of (uid, flags, digest)


class State:
    """A whole store: users, and each one's mailboxes."""

    def __init__(self):
        self.users = {}         # name: {mailbox: Mailbox}
        self.subscribed = {}    # name: [mailbox]
        self.grants = {}
        self.may = {}

    def key(self, known, flags=True):
        """What must be the same; a mailbox whose id is not among those that are
        known may have any UIDVALIDITY."""
        facts = {('may', user, tuple(may)) for user, may in self.may.items()}
        facts |= {('grant', shared, grant['user'], grant['rights'])
                  for shared, grants in self.grants.items()
                  for grant in grants}
        facts |= {('shared', shared) for shared in self.grants}
        facts |= {('subscribed', user, name)
                  for user, names in self.subscribed.items()
                  for name in names}
        for user, boxes in self.users.items():
            for name, box in boxes.items():
                facts.add(('mailbox', user, name, box.validity
                           if box.identity in known else 'new'))
                facts |= {('message', user, name, uid, *(
                    (its, text) if flags else (text,)))
                    for uid, its, text in box.messages}
        return facts

    def without_uids(self):
        """Messages in order, and what else is in key()."""
        return {(user, name): [m[1:] for m in box.messages]
                for user, boxes in self.users.items()
                for name, box in boxes.items()}, self.subscribed, \
            self.grants, self.may

    def identities(self):
        return {box.identity for boxes in self.users.values()
                for box in boxes.values()}


HOLD = """
import sqlite3, sys
held = [sqlite3.connect(path) for path in sys.argv[1:]]
for db in held:
    db.execute('SELECT count(*) FROM sqlite_schema').fetchall()
print('open', flush=True)
sys.stdin.read()
"""


def digest(body):
    first = re.search(rb'Subject: ([^\r]*)', body)
    return '%s(%d,%s)' % (first[1].decode() if first else '-', len(body),
                          hashlib.sha256(body).hexdigest()[:8])


class Store:
    def __init__(self, build, work, conf=()):
        self.build = build
        self.work = work
        self.path = os.path.join(work, 'store')
        self.beside = []        # directories that go with it
        self.prefix = []        # what all programs are started with
        self.log = open(os.path.join(work, 'log'), 'ab')
        conf_path = os.path.join(work, 'msgstore.conf')
        with open(conf_path, 'w') as f:
            # A tracer that is not root's cannot look into a process that forbids
            # it, and none can make a call fail there.
            f.write('sandbox = ' + os.environ.get('TORTURE_SANDBOX', 'no') +
                    '\ndelimiter = /\nlogin-delay = 0\n' +
                    ''.join(line + '\n' for line in conf))
        self.environment = dict(os.environ, MSGSTORE=self.path,
                                MSGSTORE_CONF=conf_path,
                                MSGSTORE_LOG='stderr', LC_ALL='C')
        os.mkdir(self.path, 0o700)
        name = os.environ.get('STORE_OWNER')
        if name:
            shutil.chown(self.path, name, name)
        st = os.stat(self.path)
        self.owner = (st.st_uid, st.st_gid)

    def move_to(self, path):
        """Where the store is from now on."""
        self.path = path
        self.environment['MSGSTORE'] = path

    def program(self, name):
        return os.path.join(self.build, name)

    def admin(self, *words, stdin=b'', prefix=None, check=True):
        if prefix is None:
            prefix = self.prefix
        done = subprocess.run([*prefix, self.program('mboxadm'), *words],
                              input=stdin, stdout=subprocess.PIPE,
                              stderr=self.log, env=self.environment,
                              timeout=LIMIT)
        if check and done.returncode != 0:
            raise Broken('mboxadm %s ends with %d: %s' % (
                ' '.join(words), done.returncode, done.stdout.decode()))
        return done

    def at(self, name):
        """Another store beside this one."""
        other = copy.copy(self)
        other.path = os.path.join(self.work, name)
        other.environment = dict(self.environment, MSGSTORE=other.path)
        return other

    def save(self, name):
        """Keep what the store is now, and what is beside it: one copy, as they
        may share files."""
        to = os.path.join(self.work, name)
        subprocess.run(['rm', '-rf', to], check=True)
        os.mkdir(to)
        there = [path for path in (self.path, *self.beside)
                 if os.path.exists(path)]
        subprocess.run(['cp', '-a', *there, to], check=True)

    def restore(self, name):
        subprocess.run(['rm', '-rf', self.path, *self.beside], check=True)
        subprocess.run(['cp', '-a', os.path.join(self.work, name, '.'),
                        self.work], check=True)

    @contextlib.contextmanager
    def held(self):
        """All databases are open meanwhile: the index of a log stays as it is."""
        found = [os.path.join(top, name) for top, _, names in
                 os.walk(self.path) for name in names
                 if name.endswith('.db')]
        with subprocess.Popen([sys.executable, '-c', HOLD, *found],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as holder:
            try:
                if holder.stdout.readline() != b'open\n':
                    raise Broken('the databases cannot be held')
                yield
            finally:
                # To close them would carry over the logs.
                holder.kill()

    # --- Looking ---

    def look(self):
        """A session of each user opens all that is there, and changes nothing."""
        for user in self.users():
            imap = Imap(self, user['name'])
            for line in imap.ok(b'LIST "" "*"')[:-1]:
                found = re.match(rb'\* LIST \(([^)]*)\) "/" (.*)\r\n', line)
                if b'\\No' not in found[1]:
                    imap.answer(imap.send(b'EXAMINE %s' % found[2]))
            imap.ok(b'LOGOUT')
            imap.end()

    def users(self):
        text = self.admin('user', 'list', '--json').stdout
        return json.loads(text)

    def observe(self):
        state = State()
        for user in self.users():
            name = user['name']
            state.may[name] = user.get('may')
            state.users[name], state.subscribed[name] = \
                self.mailboxes(name)
        for shared in json.loads(self.admin('shared', 'list',
                                            '--json').stdout):
            state.grants[shared['name']] = json.loads(
                self.admin('shared', 'show', shared['name'],
                           '--json').stdout)
        return state

    def mailboxes(self, user):
        imap = Imap(self, user)
        names, boxes = [], {}
        for line in imap.ok(b'LIST "" "*"')[:-1]:
            found = re.match(rb'\* LIST \(([^)]*)\) "/" (.*)\r\n', line)
            if b'\\Noselect' in found[1] or b'\\NonExistent' in found[1]:
                boxes[found[2].decode() + ' (only a name)'] = \
                    Mailbox('', 0, 0, 0, [])
            else:
                names.append(found[2])
        tags = []
        for name in names:
            tags.append([imap.send(b'STATUS %s (MESSAGES UIDNEXT UIDVALIDITY '
                                   b'UNSEEN DELETED SIZE HIGHESTMODSEQ '
                                   b'MAILBOXID)' % name),
                         imap.send(b'EXAMINE %s' % name),
                         imap.send(b'UID FETCH 1:* (FLAGS BODY.PEEK[])')])
        for name, three in zip(names, tags):
            boxes[name.decode()] = mailbox_of(
                name, *(imap.answer(tag) for tag in three))
        subscribed = [line.split(b' ')[-1].strip().decode()
                      for line in imap.ok(b'LSUB "" "*"')[:-1]]
        imap.ok(b'LOGOUT')
        if imap.end() != 0:
            raise Broken('a session that looks ends badly')
        return boxes, sorted(subscribed)

    def check(self):
        """mboxadm check: what it finds is at most harmless."""
        done = self.admin('check', '--json', check=False)
        found = json.loads(done.stdout)['findings'] if done.stdout else []
        if done.returncode != 0 or [f for f in found
                                    if f['level'] != 'harmless']:
            raise Broken('check: %d %s' % (done.returncode, found))
        return found

    def check_repair(self):
        """The orphans go; a second look finds nothing at all."""
        if not self.check():
            return
        self.admin('check', '--repair')
        left = self.check()
        if left:
            raise Broken('check --repair leaves %s' % left)


def number(pattern, got):
    for line in got:
        found = re.search(pattern, line)
        if found:
            return int(found[1])
    raise Broken('no %r in %r' % (pattern, got[-1]))


def mailbox_of(name, status, examine, fetch):
    for got in (status, examine, fetch):
        if not re.match(rb't\d+ OK', got[-1]):
            raise Broken('%s: %r' % (name.decode(), got[-1]))
    said = dict(re.findall(rb'([A-Z]+) \(?([0-9a-zA-Z]+)',
                           status[0].split(b' (', 1)[1]))
    messages, size = [], 0
    for line in fetch[:-1]:
        literal = re.search(rb'BODY\[\] \{(\d+)\}\r\n', line)
        if not literal:
            raise Broken('%s: no body: %r' % (name.decode(), line[:200]))
        body = line[literal.end():literal.end() + int(literal[1])]
        rest = line[:literal.start()] + line[literal.end() + len(body):]
        messages.append((int(re.search(rb'UID (\d+)', rest)[1]),
                         flags_of(rest), digest(body)))
        size += len(body)
    box = Mailbox(said[b'MAILBOXID'].decode(), int(said[b'UIDVALIDITY']),
                  int(said[b'UIDNEXT']), int(said[b'HIGHESTMODSEQ']),
                  messages)
    uids = [m[0] for m in messages]
    counted = {
        b'MESSAGES': len(messages), b'SIZE': size,
        b'UNSEEN': sum('\\Seen' not in m[1] for m in messages),
        b'DELETED': sum('\\Deleted' in m[1] for m in messages),
    }
    for what, n in counted.items():
        if int(said[what]) != n:
            raise Broken('%s: STATUS %s is %s, there are %d' % (
                name.decode(), what.decode(), said[what].decode(), n))
    if number(rb'\* (\d+) EXISTS', examine) != len(messages) or \
            number(rb'UIDNEXT (\d+)', examine) != box.uidnext or \
            number(rb'UIDVALIDITY (\d+)', examine) != box.validity:
        raise Broken('%s: SELECT and STATUS tell different things' %
                     name.decode())
    if uids != sorted(set(uids)) or (uids and uids[-1] >= box.uidnext):
        raise Broken('%s: UIDs %s, UIDNEXT %d' % (name.decode(), uids,
                                                  box.uidnext))
    bodies = [m[2] for m in messages]
    if len(bodies) != len(set(bodies)) and b'copies' not in name:
        raise Broken('%s: a message is there twice: %s' % (name.decode(),
                                                           bodies))
    return box
