#!/usr/bin/env python3
# many.py - many sessions and deliveries hammer few mailboxes; a model checks all
# SPDX-License-Identifier: ISC
r"""usage: many.py BUILD SESSIONS SECONDS SEED [--kill] [--sanitized]

Plays in the store that MSGSTORE names, which has users u0..u9 with all rights on
the shared mailboxes t0..t4.  With --kill sessions and deliveries are killed at
random; --sanitized says that the memory taken tells nothing.  history.py tells
what may be seen, counting.py what is seen.  MANY_LOG in the environment is the
file that gets what the programs log.

It was tried on servers that were broken on purpose.  In a minute or less it told
of each of these: no stamp after a commit; counters that are not stored, or miss
\Deleted, or count a COPY twice; EXPUNGE told in FETCH; COPY that loses a flag or a
keyword; UNCHANGEDSINCE ignored; STORE that raises no modseq, or not always; an
expunge that raises none; EXPUNGE of what has no \Deleted; MOVE that leaves one
behind; APPEND that drops a flag.  It does not see a missing flock, as SQLite's own
lock then makes others wait, nor a log without a bound (test-store-races.c does); and
with --kill, in a minute, neither a killed writer that leaves no mark nor a move
that nobody finishes, which kill.bats sees.
"""
import asyncio
import collections
import glob
import os
import random
import re
import subprocess
import sys

from counting import PATIENCE, Client, Gone, sequence
from history import FLAGS, NEVER, Box, Op, Violation, now, require

USERS = 10
BOXES = 5
MESSAGES = 120          # of a mailbox; above that more are expunged than added
DELIVERIES = 3          # side by side
MEMORY_KIB = 16384      # of a session, at most
LOG_OCTETS = 4 << 20    # of a write-ahead log, at most
PUSH_SECONDS = 20       # until an idle session has been told all


class Play:
    def __init__(self, build, sessions, seconds, seed, kill):
        self.build = build
        self.kill = kill
        self.seconds = seconds
        self.random = random.Random(seed)
        self.boxes = [Box(i, f'shared/t{i}/box') for i in range(BOXES)]
        # Where mail goes whose mailbox is not there, as it was renamed.
        self.roots = [Box(BOXES + i, f'shared/t{i}') for i in range(BOXES)]
        self.contents = {}      # name of a content: its octets
        self.made = 0
        self.unsure = []        # (op, box, content or (source, UIDs))
        self.delivered = []     # (op, box, content)
        self.counts = collections.Counter()
        self.sessions = [Session(self, i) for i in range(sessions)]
        self.stopping = False
        self.seen = None        # at the end: of each box UIDs and flags
        self.memory = self.log = 0
        self.log_file = open(os.environ['MANY_LOG'], 'ab')

    def content(self):
        """A new message's name and octets."""
        self.made += 1
        name = f'content-{self.made}'
        text = f'From: a@example.org\r\nSubject: {name}\r\n\r\n' + \
            ''.join(f'{self.random.random()}\r\n'
                    for _ in range(self.random.choice((1, 3, 40))))
        self.contents[name] = text.encode()
        return name, self.contents[name]

    def identify(self, box, uid, octets, who):
        """What the octets of a message are, Return-Path aside."""
        name = re.search(rb'Subject: (content-\d+)\r\n', octets)
        require(name, who, 'fetches', octets[:200])
        name = name[1].decode()
        require(self.contents[name] == octets, who, 'fetches of UID', uid,
                'of', box, octets[:200])
        box.identify(uid, name, who)

    # --- Beside the sessions ---

    async def deliver(self, number):
        """One mail transfer agent: message after message."""
        while not self.stopping:
            box = self.random.choice(self.boxes)
            name, octets = self.content()
            op = Op('deliver', f'agent {number}')
            process = subprocess.Popen(
                [self.build + '/mboxadm', 'deliver', box.name],
                stdin=subprocess.PIPE, stderr=self.log_file)
            if self.kill and self.random.random() < 0.2:
                asyncio.get_running_loop().call_later(
                    self.random.random() * 0.03, self.kill_process, process)
            try:
                await asyncio.to_thread(process.communicate, octets, PATIENCE)
            except subprocess.TimeoutExpired:
                raise Violation('a delivery does not end') from None
            op.end(process.returncode == 0)
            require(process.returncode in (0, -9), 'deliver ended with',
                    process.returncode)
            (self.delivered if op.sure else self.unsure).append((op, box, name))
            self.counts['deliver'] += 1
            await asyncio.sleep(self.random.random() * 0.1)

    def kill_process(self, process):
        if process.returncode is None:
            process.kill()
            self.counts['deliveries killed'] += 1

    async def kill_sessions(self):
        while not self.stopping:
            await asyncio.sleep(self.random.random() * 0.2)
            session = self.random.choice(self.sessions)
            if session.client:
                session.client.kill()

    async def sample(self):
        """How much memory each session takes, and each write-ahead log."""
        while not self.stopping:
            self.measure()
            await asyncio.sleep(1)

    def measure(self):
        for session in self.sessions:
            if session.client:
                self.memory = max(self.memory,
                                  memory_of(session.client.process.pid))
        for name in glob.glob(os.environ['MSGSTORE'] + '/**/*-wal',
                              recursive=True):
            try:
                self.log = max(self.log, os.stat(name).st_size)
            except FileNotFoundError:
                pass

    async def forget(self):
        """Forget writes that nobody can read any more."""
        while not self.stopping:
            await asyncio.sleep(1)
            oldest = min((s.client.since for s in self.sessions if s.client),
                         default=0)
            for box in self.boxes:
                for m in box.messages.values():
                    m.prune(oldest)

    # --- The whole ---

    async def run(self):
        try:
            await self.play()
        finally:
            self.stopping = True

    async def make_boxes(self):
        client = Client(self.build + '/imapd', 'u0', 'maker', 'plain',
                        self.log_file)
        await client.start()
        for box in self.boxes:
            status, rest = await client.command('CREATE ' + box.name)
            require(status == 'OK', rest)
        await client.logout()

    async def play(self):
        await self.make_boxes()
        beside = [asyncio.create_task(self.deliver(i))
                  for i in range(DELIVERIES)]
        beside += [asyncio.create_task(self.sample()),
                   asyncio.create_task(self.forget())]
        if self.kill:
            beside.append(asyncio.create_task(self.kill_sessions()))
        playing = [asyncio.create_task(s.play()) for s in self.sessions]
        timer = asyncio.create_task(asyncio.sleep(self.seconds))
        # The first to fail ends all.
        done, _ = await asyncio.wait([timer] + beside + playing,
                                     return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        self.stopping = True
        await asyncio.gather(*beside)
        # Some wait in IDLE while the others end what they are at.
        active = [t for s, t in zip(self.sessions, playing) if not s.idles]
        await asyncio.gather(*active)
        self.seen = await self.truth()
        await asyncio.gather(*playing)
        self.measure()
        await self.compare(self.seen)

    async def truth(self):
        """What fresh sessions see: UIDs, flags and octets."""
        client = Client(self.build + '/imapd', 'u0', 'truth', 'condstore',
                        self.log_file)
        await client.start()
        seen = []
        for box in self.boxes + self.roots:
            await self.resolve(client, box)
            status, _ = await client.select(box)
            require(status == 'OK', 'truth: SELECT', box, status)
            if client.uids:
                await client.command('FETCH 1:* (UID BODY.PEEK[])',
                                     on_line=self.body_of(client))
            seen.append((list(client.uids), dict(client.flags)))
        await client.logout()
        return seen

    def body_of(self, client):
        """A function for lines of FETCH BODY[]."""
        def look(line):
            found = re.match(rb'\* \d+ FETCH \(.*?UID (\d+).*?BODY\[\] '
                             rb'\{(\d+)\}\r\n', line)
            if found:
                at = found.end()
                self.identify(client.box, int(found[1]),
                              line[at:at + int(found[2])], client.name)
        return look

    async def resolve(self, client, box):
        """Which name the box has after a RENAME that was not answered."""
        if len(box.names) == 1 or box.renames[-1].ended == NEVER:
            return
        names = box.names
        there = [name for name in names if (await client.command(
            f'STATUS {name} (MESSAGES)'))[0] == 'OK']
        # Others may have found it out, and given it another name, meanwhile.
        if names is box.names:
            require(len(there) == 1, box, 'has the names', there)
            box.name = there[0]
            box.names = there
            # Until now deliveries went to the old name, which may be none.
            box.renames[-1].ended = now()

    async def compare(self, seen):
        for session in self.sessions:
            await session.end()
        for box, (uids, _) in zip(self.boxes + self.roots, seen):
            box.saw_all(uids, NEVER, 'the truth')
        self.nothing_is_lost(seen)
        self.nothing_is_there_twice(seen)

    def nothing_is_lost(self, seen):
        """Every delivery that was told to be done arrived (appends: certain)."""
        known = collections.Counter()
        for box in self.boxes + self.roots:
            for m in box.messages.values():
                known[m.content] += m.origin is None
        unknown = known.pop(None, 0)
        missing = [d for d in self.delivered if not known[d[2]]]
        require(len(missing) <= unknown, 'these were never seen:', missing)
        self.counts['not identified'] = unknown

    def nothing_is_there_twice(self, seen):
        """Every message that is there was made by an op of its own."""
        carried = [(op, box, what) for op, box, what in self.unsure
                   if not isinstance(what, str)]
        for op, box, what in carried:
            self.claim_copies(seen, op, box, *what)
        for op, box, name in self.delivered:
            b = self.claim(seen, op, box, name)
            require(b in (None, box) or
                    box.absent_is_explained(op.begun, op.ended) or
                    any(to is b for _, to, _ in carried),
                    op, 'to', box, 'went to', b)
        for op, box, what in self.unsure:
            if isinstance(what, str):
                self.claim(seen, op, box, what)
        for op, box, what in carried:
            self.claim_copies(seen, op, box, *what, unknown=True)
        for box, (uids, _) in zip(self.boxes + self.roots, seen):
            for uid in uids:
                m = box.messages[uid]
                require(m.origin, 'nobody made UID', uid, 'of', box, m.content)
                require(m.source is None or
                        m.source.content in (None, m.content), 'UID', uid,
                        'of', box, 'has', m.content, 'and was copied from',
                        m.source and m.source.content)

    def without_origin(self, seen, name):
        return [(box, box.messages[uid])
                for box, (uids, _) in zip(self.boxes + self.roots, seen)
                for uid in uids
                if box.messages[uid].origin is None and
                name in (None, box.messages[uid].content)]

    def claim(self, seen, op, box, name):
        """One of the messages that have the octets is the op's, of its box where
        there is one.  The others are left for COPYs that were not answered."""
        there = self.without_origin(seen, name)
        there.sort(key=lambda found: (found[0] is not box, found[1].uid))
        for b, m in there[:1]:
            m.origin = op
            return b
        return None

    def claim_copies(self, seen, op, box, source, uids, unknown=False):
        """Messages of a COPY or MOVE that was not answered: of each UID one, and of a
        MOVE none of those that are still where they were.  What was never
        identified may be any."""
        there = set(seen[source.index][0])
        for uid in uids:
            name = source.messages[uid].content
            if (name is None) != unknown or \
                    op.kind == 'MOVE' and uid in there:
                continue
            for b, m in self.without_origin(seen, name):
                if b is box and (m.uid != uid or b is not source):
                    m.origin = op
                    break


def memory_of(pid):
    try:
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            for line in f:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class Session:
    """One user's program: its connection, made anew when it was killed."""

    def __init__(self, world, number):
        self.world = world
        self.number = number
        self.random = random.Random(world.random.random())
        self.kind = ('plain', 'condstore', 'qresync')[number % 3]
        self.idles = number % 2 == 1    # at the end
        self.client = None
        self.name = f'session {number} ({self.kind})'
        self.serial = 0
        self.waiting = None     # since when it waits to be told all
        self.doing = []         # ops that are not answered: (op, what may be of it)

    async def connect(self):
        old = self.client
        user = f'u{self.number % USERS}'
        client = Client(self.world.build + '/imapd', user, self.name, self.kind,
                        self.world.log_file)
        await client.start()
        if old and old.box and self.kind == 'qresync':
            client.box, client.uids, client.flags = old.box, old.uids, old.flags
            client.modseqs, client.highest = old.modseqs, old.highest
        self.client = client

    async def play(self):
        """Until the time is over, whatever is killed."""
        while True:
            try:
                if self.client is None or self.client.process.returncode \
                        is not None:
                    await self.connect()
                    await self.choose_box(resync=True)
                while not self.world.stopping:
                    await self.step()
                if self.idles:
                    await self.client.idle(NEVER, self.told_all)
                return
            except Gone:
                self.ended()
            except Violation as e:
                self.show()
                # At once, whatever the others wait for.
                print('VIOLATION:', e, flush=True)
                for session in self.world.sessions:
                    if session.client:
                        session.client.process.kill()
                os._exit(1)

    def show(self):
        for line in self.client.transcript if self.client else ():
            print('   ', line.decode('utf-8', 'replace').rstrip()[:300])

    def ended(self):
        """The process is no more: what it was at happened or not."""
        w = self.world
        if self.client:
            self.client.close()
        require(w.kill, self.name, 'the session ended')
        w.counts['sessions killed'] += 1
        for op, unsure in self.doing:
            op.end(False)
            w.unsure += [(op, *u) for u in unsure]
        self.doing = []

    # --- Steps ---

    async def step(self):
        c = self.client
        if c.box is None or self.random.random() < 0.02:
            await self.choose_box()
            return
        await c.fill()
        steps = [(n, f) for n, needs, f in STEPS if c.uids or not needs]
        if len(c.uids) > MESSAGES:
            steps.append((30, Session.sweep))
        step = self.random.choices([s[1] for s in steps],
                                   [s[0] for s in steps])[0]
        self.world.counts[step.__name__] += 1
        await step(self)
        await asyncio.sleep(self.random.expovariate(4))

    def some(self, most=5):
        """UIDs of the view."""
        known = [u for u in self.client.uids if u]
        return sorted(self.random.sample(known, min(
            len(known), self.random.randint(1, most))))

    def some_flags(self, most=2):
        return self.random.sample(FLAGS[:3] + FLAGS[4:],
                                  self.random.randint(0, most))

    async def ask(self, kind, text, unsure=(), ends=None, may_expunge=True,
                  on_line=None):
        """A command that changes something.  ends: (box, UIDs or None) that it
        may expunge; unsure: what may be of it if it is not answered.  Returns
        the op, status and text."""
        op = Op(kind, self.name)
        return await self.send_op(op, text, unsure, ends, may_expunge, on_line)

    async def send_op(self, op, text, unsure=(), ends=None, may_expunge=True,
                      on_line=None):
        self.doing.append((op, unsure))
        if ends:
            ends[0].may_end(op, ends[1])
        if self.world.kill and self.random.random() < 0.1:
            # In the middle of it, which is over in milliseconds.
            asyncio.get_running_loop().call_later(
                self.random.random() * 0.02, self.client.kill)
        status, rest = await self.client.command(text, may_expunge, on_line)
        op.end(status == 'OK')
        self.doing.remove((op, unsure))
        return op, status, rest

    def refused(self, box, op, rest):
        """NO is explained by a RENAME of that name."""
        require(box.absent_is_explained(op.begun, op.ended) and
                re.match(r'\[(NONEXISTENT|TRYCREATE)\]', rest), self.name,
                op, 'of', box, 'is refused:', rest)

    async def choose_box(self, resync=False):
        c = self.client
        box = c.box if resync and c.box else \
            self.random.choice(self.world.boxes)
        op = Op('SELECT', self.name)
        await self.world.resolve(c, box)
        status, rest = await c.select(box, resync)
        op.end(True)
        if status != 'OK':
            self.refused(box, op, rest)

    async def append(self):
        w, c = self.world, self.client
        box = self.random.choice(w.boxes)
        text, made = f'APPEND {box.name}'.encode(), []
        for _ in range(self.random.choice((1, 1, 1, 3))):
            name, octets = w.content()
            flags = self.some_flags()
            made.append((name, flags))
            text += b' (%s) {%d+}\r\n%s' % (' '.join(flags).encode(),
                                            len(octets), octets)
        op, status, rest = await self.ask(
            'APPEND', text, [(box, name) for name, _ in made])
        if status != 'OK':
            self.refused(box, op, rest)
            return
        uids = re.match(r'\[APPENDUID (\d+) ([\d:,]+)\]', rest)
        require(uids, self.name, rest)
        box.saw_validity(int(uids[1]), self.name)
        for uid, (name, flags) in zip(sequence(uids[2]), made, strict=True):
            box.added(uid, name, op, flags)

    async def replace(self):
        """RFC 8508"""
        w, c = self.world, self.client
        uid = self.some(1)[0]
        box = self.random.choice(w.boxes)
        name, octets = w.content()
        flags = self.some_flags()
        source = c.box
        answer = []
        op, status, rest = await self.ask(
            'REPLACE', b'UID REPLACE %d %s (%s) {%d+}\r\n%s' % (
                uid, box.name.encode(), ' '.join(flags).encode(), len(octets),
                octets), [(box, name)], ends=(source, [uid]),
            on_line=answer.append)
        if status != 'OK':
            # The message is gone already.
            if not source.maybe_gone(source.message(uid)) or \
                    not re.search('EXPUNGEISSUED|NONEXISTENT', rest):
                self.refused(box, op, rest)
            return
        found = re.search(r'\[APPENDUID \d+ (\d+)\]', rest + ''.join(
            line.decode('utf-8', 'replace') for line in answer
            if line.startswith(b'* OK')))
        require(found, self.name, rest)
        box.added(int(found[1]), name, op, flags)

    async def store(self, flags=None, uids=None, how=None):
        c = self.client
        uids = uids or self.some()
        flags = flags or (self.some_flags() or ['\\Seen'])
        how = how if how is not None else self.random.choice(('+', '+', '-', ''))
        silent = self.random.choice(('', '.SILENT'))
        unless, since = '', NEVER
        if c.kind != 'plain' and c.modseqs and self.random.random() < 0.4:
            since = self.random.choice((max(c.modseqs.values()),
                                        *c.modseqs.values()))
            unless = f'(UNCHANGEDSINCE {since}) '
        # RFC 7162 3.1.3: what it knows to have changed since must fail, but a
        # keyword that is not there has no mod-sequence.
        late = {u for u in uids if c.modseqs.get(u, 0) > since and
                (how == '' or any(f[0] == '\\' for f in flags))}
        by_uid = None in c.uids or self.random.random() < 0.7
        numbers = uids if by_uid else [c.uids.index(u) + 1 for u in uids]
        box, op = c.box, Op('STORE', self.name)
        box.write(op, uids, how, flags)
        op, status, rest = await self.send_op(
            op, f'{"UID " if by_uid else ""}STORE '
            f'{",".join(map(str, numbers))} {unless}{how}FLAGS{silent} '
            f'({" ".join(flags)})', may_expunge=by_uid)
        if status != 'OK':
            require('EXPUNGEISSUED' in rest or 'MODIFIED' in rest, self.name,
                    rest)
        modified = re.match(r'\[MODIFIED ([\d:,]+)\]', rest)
        failed = sequence(modified[1]) if modified else []
        if not by_uid:
            failed = [uids[numbers.index(n)] for n in failed]
        if status == 'OK':
            require(all(u in failed or box.maybe_gone(box.message(u))
                        for u in late), self.name, 'changed', late, 'with',
                    unless, rest)
        box.unwrite(op, failed)
        if silent and status == 'OK':
            self.store_silently(uids, failed, how, flags)

    def store_silently(self, uids, failed, how, flags):
        """RFC 9051 6.4.6: the client is to know what comes of it."""
        c = self.client
        for uid in uids:
            if uid in failed or uid not in c.flags:
                continue
            c.flags[uid] = frozenset(
                flags if how == '' else c.flags[uid] | set(flags)
                if how == '+' else c.flags[uid] - set(flags))

    async def copy(self, verb='COPY'):
        c = self.client
        box, source, uids = self.random.choice(self.world.boxes), c.box, \
            self.some()
        by_uid = None in c.uids or self.random.random() < 0.7
        numbers = uids if by_uid else [c.uids.index(u) + 1 for u in uids]
        answer = []
        op, status, rest = await self.ask(
            verb, f'{"UID " if by_uid else ""}{verb} '
            f'{",".join(map(str, numbers))} {box.name}',
            [(box, (source, uids))],
            ends=(source, uids) if verb == 'MOVE' else None,
            on_line=answer.append)
        if status != 'OK':
            if not any(source.maybe_gone(source.message(u)) for u in uids) or \
                    'EXPUNGEISSUED' not in rest:
                self.refused(box, op, rest)
            return
        found = re.search(r'\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]', rest + (
            ''.join(line.decode('utf-8', 'replace') for line in answer
                    if line.startswith(b'* OK'))))
        if not found:
            require(all(source.maybe_gone(source.message(u)) for u in uids),
                    self.name, 'copied none of', uids)
            return
        box.saw_validity(int(found[1]), self.name)
        made = sequence(found[3])
        taken = sequence(found[2])
        require(len(made) == len(taken) and set(taken) <= set(uids), self.name,
                rest, answer)
        for uid in set(uids) - set(taken):
            require(source.maybe_gone(source.message(uid)), self.name, verb,
                    'left out', uid)
        for old, new in zip(taken, made):
            box.added(new, source.message(old).content, op, None,
                      source.message(old))
            if verb == 'MOVE':
                source.saw_gone(old, self.name)

    async def move(self):
        await self.copy('MOVE')

    async def delete(self):
        await self.store(['\\Deleted'], how='+')

    async def expunge(self):
        c = self.client
        if self.random.random() < 0.5 and c.uids:
            uids = self.some(20)
            await self.ask('UID EXPUNGE', 'UID EXPUNGE ' +
                           ','.join(map(str, uids)), ends=(c.box, uids))
        else:
            await self.ask('EXPUNGE', 'EXPUNGE', ends=(c.box, None))

    async def close(self):
        box = self.client.box
        await self.ask('CLOSE', 'CLOSE', ends=(box, None))
        self.client.box = None
        self.client.uids = []

    async def sweep(self):
        uids = [u for u in self.client.uids if u][:MESSAGES // 2]
        await self.store(['\\Deleted'], uids, '+')
        await self.ask('EXPUNGE', 'EXPUNGE', ends=(self.client.box, None))

    async def fetch(self):
        """Octets of messages that nobody has looked at, or of any."""
        c = self.client
        uids = [u for u in c.uids if u and not c.box.message(u).asked][:20] \
            or self.some()
        for uid in uids:
            c.box.message(uid).asked = True
        status, rest = await c.command(
            f'UID FETCH {",".join(map(str, uids))} (FLAGS BODY.PEEK[])',
            on_line=self.world.body_of(c))
        require(status == 'OK' or 'EXPUNGEISSUED' in rest, self.name, rest)

    async def fetch_flags(self):
        c = self.client
        await c.command('FETCH 1:* ' + c.items(), may_expunge=False)

    async def search(self):
        c = self.client
        by_uid = self.random.random() < 0.5

        def look(line):
            if not line.startswith(b'* SEARCH') or None in c.uids:
                return
            found = [int(n) for n in line.split()[1:] if n.isdigit()]
            uids = found if by_uid else [c.uids[n - 1] for n in found]
            # What others expunged may be left out before it is told.
            require(uids == [u for u in c.uids if u in set(uids)] and all(
                c.box.maybe_gone(c.box.message(u))
                for u in set(c.uids) - set(uids)), self.name, 'finds', found,
                'of', c.uids)
        await c.command('UID SEARCH ALL' if by_uid else 'SEARCH ALL',
                        may_expunge=by_uid, on_line=look)

    async def noop(self):
        since = await self.client.look()
        if self.client.uids:
            self.client.flags_are_explained(self.some(20), since)

    async def idle(self):
        await self.client.idle(self.random.random() * 2)

    async def status(self):
        box = self.random.choice(self.world.boxes)
        op = Op('STATUS', self.name)
        told = []
        status, rest = await self.client.command(
            f'STATUS {box.name} (MESSAGES UIDNEXT UIDVALIDITY)',
            on_line=told.append)
        op.end(True)
        if status != 'OK':
            self.refused(box, op, rest)
            return
        text = b' '.join(told).decode('utf-8', 'replace')
        box.saw_validity(int(re.search(r'UIDVALIDITY (\d+)', text)[1]),
                         self.name)
        box.saw_uidnext(int(re.search(r'UIDNEXT (\d+)', text)[1]), op.begun,
                        self.name)
        messages = int(re.search(r'MESSAGES (\d+)', text)[1])
        sure = sum(when < op.begun for when in box.certain.values())
        require(messages >= sure, self.name, 'STATUS of', box, messages,
                'messages;', sure, 'are there')

    async def rename(self):
        box = self.random.choice(self.world.boxes)
        if len(box.names) > 1:
            return
        self.serial += 1
        new = f'shared/t{box.index}/box-{self.number}-{self.serial}'
        old = box.name
        # One at a time, or nobody knows the name any more.
        box.names = [old, new]
        op = Op('RENAME', self.name)
        # All of them: at the end each delivery is held against them.
        box.renames.append(op)
        op, status, rest = await self.send_op(op, f'RENAME {old} {new}')
        require(status == 'OK', self.name, rest)
        box.name = new
        box.names = [new]

    # --- The end ---

    def matches(self):
        """Whether the view is what is true, as far as it is known: what IDLE
        counted has no UIDs and flags yet."""
        c = self.client
        uids, flags = self.world.seen[c.box.index]
        return len(c.uids) == len(uids) and all(
            u is None or u == uid and c.flags.get(u) == flags[u]
            for u, uid in zip(c.uids, uids))

    def told_all(self):
        """In IDLE: the others have ended, and this one knows all, or had its
        time."""
        if not self.world.seen:
            return False
        self.waiting = self.waiting or now()
        return not self.client.box or self.matches() or \
            now() > self.waiting + PUSH_SECONDS

    async def end(self):
        """The view is what is true: for who idled, without asking."""
        c = self.client
        try:
            if c.box:
                if not self.idles:
                    await c.command('NOOP')
                    await c.fill()
                uids, flags = self.world.seen[c.box.index]
                require(self.matches(), self.name, 'ends with',
                        [(u, set(c.flags.get(u, ()))) for u in c.uids],
                        'and there are', [(u, set(flags[u])) for u in uids])
            await c.logout()
        except Gone:
            # Killed in the last moment.
            self.ended()
        except Violation:
            self.show()
            raise


# How often, whether it needs a message, what.
STEPS = [
    (14, False, Session.append),
    (20, True, Session.store),
    (6, True, Session.delete),
    (6, True, Session.expunge),
    (6, True, Session.copy),
    (5, True, Session.move),
    (3, True, Session.replace),
    (10, True, Session.fetch),
    (6, True, Session.fetch_flags),
    (5, False, Session.search),
    (14, False, Session.noop),
    (10, False, Session.idle),
    (5, False, Session.status),
    (1, False, Session.rename),
    (1, False, Session.close),
]


def main():
    build, sessions, seconds, seed = sys.argv[1:5]
    world = Play(build, int(sessions), float(seconds), int(seed),
                 '--kill' in sys.argv)
    try:
        asyncio.run(world.run())
        require(world.memory <= MEMORY_KIB or '--sanitized' in sys.argv,
                'a session took', world.memory, 'KiB')
        require(world.log <= LOG_OCTETS, 'a log has', world.log, 'octets')
    except (Violation, asyncio.TimeoutError) as e:
        print('VIOLATION:', e or repr(e))
        sys.exit(1)
    finally:
        for session in world.sessions:
            if session.client:
                session.client.process.kill()
    done = sum(world.counts[f.__name__] for _, _, f in STEPS) + \
        world.counts['sweep'] + world.counts['deliver']
    world.counts['messages'] = sum(len(b.messages) for b in world.boxes)
    print(', '.join(f'{k} {n}' for k, n in sorted(world.counts.items())))
    print(f'{done} operations, most memory of a session {world.memory} KiB, '
          f'longest log {world.log} octets')


if __name__ == '__main__':
    main()
