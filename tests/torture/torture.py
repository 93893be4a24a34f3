#!/usr/bin/env python3
# torture.py - one operation on a store, broken at each point
# SPDX-License-Identifier: ISC
"""usage: torture.py MODE OPERATION [POINTS]

MODE is one of
  kill    SIGKILL in place of each system call that is about the store, and
          in the middle of each write
  peers   the same, with a second session that goes on working
  held    the same, with all databases held open by a process that does nothing,
          and a session that only looks before it goes: what the one that died
          left in a log is then seen later than by whoever looked.  Calls that
          change something or lock only
  fault   each call fails, with each error that it may have; fault:EIO with one
  full    each call and all after it fail, until there is room again
  power   the disk as it may be after the power failed at each point
  space   a file system in memory, with so many free pages, from none to
          enough; then there is room again
  inodes  the same with inodes
  readonly    one that cannot be written to, and then can

The last three have to be root's, to mount it.  At most POINTS are tried of each, spread evenly; 0, the default, is all of them.
MSGSTORE_BUILD is where the programs are.  Prints how many were tried; a promise
that does not hold is told with all that was seen, and the exit status is 1.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

import ops
from disk import Disk, KINDS
from small import INODES, ROOM, Small, size_of
from store import Broken, Gone, Imap, Store, digest

# What a call may fail with, once or from then on.
ERRORS = ('EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM',
          'ENOLCK')
LASTING = ('ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE')
PEER = ops.mail(b'of a peer')
WRONG = (Broken, Gone, subprocess.TimeoutExpired, ValueError, AttributeError,
         KeyError, IndexError, TypeError)


class Run:
    """What a program that was broken has acknowledged."""

    def __init__(self):
        self.acked = 0          # steps
        self.refused = None     # the step that was answered by NO
        self.said = ''
        self.calls = 0
        self.hit = None
        self.relieved = False   # the end of the session was not to be broken
        self.status = 0


class View:
    """The messages of a selected mailbox with their flags, as a client keeps
    them that has ENABLE QRESYNC: it goes by what it is told."""

    def __init__(self, imap):
        self.imap = imap
        self.flags = {}
        self.fetch(1)

    def fetch(self, first):
        for line in self.imap.ok(b'UID FETCH %d:* (FLAGS)' % first)[:-1]:
            self.tell(line)

    def tell(self, line):
        uid = re.search(rb'UID (\d+)', line)
        flags = re.search(rb'FLAGS \(([^)]*)\)', line)
        if b' FETCH ' in line and uid and flags:
            self.flags[int(uid[1])] = sorted(set(flags[1].split()) -
                                             {b'\\Recent'})
        gone = re.match(rb'\* VANISHED ([\d:,]+)', line)
        for part in gone[1].split(b',') if gone else ():
            first, last = (part.split(b':') * 2)[:2]
            for uid in range(int(first), int(last) + 1):
                self.flags.pop(uid, None)

    def look(self):
        lines = self.imap.ok(b'NOOP')[:-1]
        for line in lines:
            self.tell(line)
        if any(re.match(rb'\* \d+ EXISTS', line) for line in lines):
            self.fetch(max(self.flags, default=0) + 1)


class Torture:
    def __init__(self, op, work):
        self.op = op
        self.work = work
        self.build = os.environ['MSGSTORE_BUILD']
        self.tool = os.path.join(self.build, 'tests/torture/crash')
        self.report = os.path.join(work, 'report')
        self.store = Store(self.build, work, op.conf)
        self.store.beside = [os.path.join(work, name) for name in op.beside]
        # With what is beside it: all that the operation has to do with.
        self.top = work if op.beside else self.store.path
        self.points = 0
        self.bad = 0
        self.doubtful = 0
        self.steps = op.steps or [op.admin]
        self.words = [w.replace('@', work + '/', 1) if w[0] == '@' else w
                      for w in op.admin or ()]

    # --- Before ---

    def prepare(self):
        store = self.store
        store.admin('init')
        for name in 'alice', 'bob':
            store.admin('user', 'add', name, '--no-password')
        store.admin('shared', 'add', 'sales')
        store.admin('grant', 'sales', 'alice', 'full')
        imap = Imap(store)
        for line in ops.BASE + self.op.before:
            imap.ok(line)
        imap.ok(b'LOGOUT')
        imap.end()
        store.admin('deliver', 'bob', stdin=ops.mail(b'for bob'))
        if self.op.damage:
            self.op.damage(store)
        if self.op.files:
            self.op.files(self.work)
        if self.op.ready:
            self.op.ready(self)
        store.save('base')
        self.states_make()

    def states_make(self):
        """The state before, and after each step, when nothing breaks."""
        store = self.store
        self.states = [None if self.op.damage else store.observe()]
        store.restore('base')
        if self.op.admin:
            store.admin(*self.words, stdin=self.op.stdin)
            self.states.append(store.observe())
        else:
            imap = Imap(store)
            for line in self.op.steps:
                imap.ok(line)
                self.states.append(store.observe())
            imap.ok(b'LOGOUT')
            imap.end()
        if self.states[0] is None:
            self.states[0] = self.states[-1]
        self.known = self.states[0].identities()
        store.check()

    # --- The operation, broken ---

    def trace(self, *action):
        return [self.tool, '-s', self.top, '-o', self.report,
                *action, '--']

    def run(self, action, relieve=False):
        """The operation under the tool.  relieve: space is back then, and the
        same session has to work."""
        run = Run()
        self.run_under(run, self.trace(*action), relieve and (
            lambda imap: os.kill(imap.process.pid, signal.SIGUSR1)))
        with open(self.report) as f:
            for line in f:
                if line.startswith('hit ') and run.hit is None:
                    run.hit = line[4:].strip()
                elif line.startswith('calls '):
                    run.calls = int(line[6:])
        return run

    def run_under(self, run, prefix, relieve):
        """relieve is called with the session, or with None when it is over."""
        if self.op.admin:
            done = self.store.admin(*self.words, stdin=self.op.stdin,
                                    prefix=prefix, check=False)
            run.status = done.returncode
            run.acked = int(done.returncode == 0)
            run.said = 'exit %d' % done.returncode
            if not run.acked and run.status < 125:
                run.refused = 0
        else:
            self.run_session(run, prefix, relieve)

    def run_session(self, run, prefix, relieve):
        imap = None
        try:
            imap = Imap(self.store, prefix=prefix, greet=False)
            imap.read()
            for line in self.op.steps:
                got = imap.command(line)
                run.said = got[-1].decode(errors='replace').strip()
                if not re.match(rb't\d+ OK', got[-1]):
                    run.refused = run.acked
                    break
                run.acked += 1
            if relieve:
                relieve(imap)
                run.relieved = True
                self.work_on(imap, run)
            imap.command(b'LOGOUT')
        except Gone:
            run.said += ' (gone)'
        run.status = imap.end()

    def work_on(self, imap, run):
        """The fault is over: the same session does the rest."""
        for line in self.op.steps[run.acked:]:
            got = imap.command(line)
            run.said += ', then ' + got[-1].decode(errors='replace').strip()
            if not re.match(rb't\d+ OK', got[-1]):
                # A SELECT that failed leaves none selected.
                raise Broken('after the fault: %s' % run.said)
            run.acked += 1
        run.refused = None

    # --- What must hold then ---

    def seen_as(self, seen, first, last, flags=True):
        """The number of the state that it is, or None."""
        key = seen.key(self.known, flags)
        for n in range(last, first - 1, -1):
            if key == self.states[n].key(self.known, flags):
                return n
        return None

    def verify(self, run, refused_is_nothing=True, lost=False):
        """The promises, after the fault."""
        store, op = self.store, self.op
        if op.damage:
            return self.repaired()
        lowest = 0 if lost and op.lazy else run.acked
        highest = min(run.acked + 1, len(self.states) - 1)
        if run.refused is not None and refused_is_nothing:
            highest = run.acked
        if self.points % 2:
            store.check()
        seen = store.observe()
        here = self.seen_as(seen, lowest, highest)
        if here is None and op.lazy and lost:
            here = self.flags_lost(seen, lowest, highest)
        if here is None and op.between and run.acked == 0 and \
                op.between(self.states[0], self.states[-1], seen):
            here = 0
        if here is None:
            raise Broken('after %d steps that were answered\n%s' % (
                run.acked, self.differences(seen, lowest, highest)))
        self.compare_numbers(seen, self.states[min(run.acked, here)])
        store.check_repair()
        return here

    def repaired(self):
        """What was broken before needs the repair, again where it was cut."""
        self.store.admin(*self.words)
        seen = self.store.observe()
        if self.seen_as(seen, 1, 1) is None:
            raise Broken('repaired\n%s' % self.differences(seen, 1, 1))
        self.store.check_repair()
        return 1

    def differences(self, seen, first, last):
        text = ''
        have = seen.key(self.known)
        for n in range(first, last + 1):
            want = self.states[n].key(self.known)
            text += '  state %d:\n' % n
            for sign, facts in ('-', want - have), ('+', have - want):
                for fact in sorted(map(str, facts)):
                    text += '    %s %s\n' % (sign, fact)
        return text

    def flags_lost(self, seen, lowest, highest):
        """Flags of the last seconds may be lost; nothing else may."""
        for n in range(highest, lowest - 1, -1):
            if self.seen_as(seen, n, n, flags=False) is not None:
                return n
        return None

    def compare_numbers(self, seen, acked):
        """UIDNEXT that was told never falls."""
        for user, boxes in acked.users.items():
            for name, box in boxes.items():
                now = seen.users.get(user, {}).get(name)
                if now and now.validity == box.validity and \
                        now.uidnext < box.uidnext:
                    raise Broken('UIDNEXT of %s fell from %d to %d' % (
                        name, box.uidnext, now.uidnext))

    def finish(self, here, refused=False):
        """The same again, unbroken: it does what is left.  What was refused may
        have come and gone, and taken UIDs with it."""
        op, store = self.op, self.store
        if op.admin:
            if here == len(self.states) - 1:
                return
            store.admin(*self.words, stdin=op.stdin)
        else:
            imap = Imap(store)
            for n, line in enumerate(op.steps):
                if n >= here or line.startswith(b'SELECT'):
                    imap.ok(line)
            imap.ok(b'LOGOUT')
            imap.end()
        seen = store.observe()
        if op.again:                    # it adds all, once more
            return
        last = self.states[-1]
        if seen.key(self.known) != last.key(self.known) and not (
                refused and seen.without_uids() == last.without_uids()):
            raise Broken('done again\n%s' % self.differences(
                seen, len(self.states) - 1, len(self.states) - 1))

    # --- The modes ---

    def tell(self, what, run, why):
        self.bad += 1
        print('%s: %s at %s\n  it said: %s\n  %s' % (
            self.op.name, what, run.hit, run.said, why))
        if self.bad >= 5:
            self.end()

    def numbers(self, count, limit):
        if limit == 0 or count <= limit:
            return range(1, count + 1)
        return sorted({1 + (count - 1) * i // (limit - 1)
                       for i in range(limit)}) if limit > 1 else [count]

    def one(self, what, action, judge, **how):
        """One point: a fresh store, the fault, the judgement."""
        run = Run()
        self.store.restore('base')
        self.points += 1
        try:
            run = self.run(action, **how)
            judge(run)
        except WRONG as why:
            if not isinstance(why, Broken):
                why = traceback.format_exc()
            if action[0] == 'full' and self.in_doubt(run):
                self.doubtful += 1
            else:
                self.tell(what, run, why)
        return run

    def in_doubt(self, run):
        """A commit is in the log whole when its sync fails.  Where nothing can be
        written over it any more, nobody can keep it from coming back."""
        return re.search(r'sync .*-wal$', run.hit or '') and \
            'may come back' in open(self.store.log.name).read()

    def count(self, *action):
        self.store.restore('base')
        run = self.run(action)
        return run.calls

    def judge_killed(self, run):
        if run.hit is None:
            raise Broken('it was not killed')
        self.judge(run)

    def judge(self, run, lost=False):
        if self.op.judge:
            self.op.judge(self, run)
        else:
            self.finish(self.verify(run, lost=lost), run.refused is not None)

    def kill(self, limit):
        for action, part in ('kill', limit), ('tear', limit // 4):
            total = self.count(action, str(1 << 30))
            for n in self.numbers(total, part or limit):
                self.one('%s %d' % (action, n), [action, str(n)],
                         self.judge_killed)

    def fault(self, limit, errors=ERRORS):
        for error in errors:
            total = self.count('fail', error, str(1 << 30))
            for n in self.numbers(total, limit and max(2, limit // 5)):
                self.one('%s %d' % (error, n), ['fail', error, str(n)],
                         self.judge_failed)

    def judge_failed(self, run):
        if run.hit is None and not run.relieved:
            raise Broken('it did not fail')
        if run.status > 128:
            raise Broken('it died of signal %d' % (run.status - 128))
        self.judge(run)

    def full(self, limit, errors=LASTING):
        for error in errors:
            total = self.count('fail', error, str(1 << 30))
            for n in self.numbers(total, limit and max(2, limit // 4)):
                self.one('%s from %d on' % (error, n),
                         ['full', error, str(n)], self.judge_failed,
                         relieve=True)

    def peers(self, limit):
        total = self.count('kill', str(1 << 30))
        for n in self.numbers(total, limit):
            self.one_with_peer(n)

    def one_with_peer(self, n):
        """A second session is there meanwhile, works on, and is not wrong."""
        run = Run()
        store = self.store
        store.restore('base')
        self.points += 1
        try:
            peer = Imap(store)
            peer.ok(b'ENABLE QRESYNC')
            peer.ok(b'SELECT %s' % self.op.peer.encode())
            # From now on nothing but the other makes it look.
            view = View(peer)
            view.look()
            run = self.run(['kill', str(n)])
            view.look()
            self.same_view(view)
            peer.ok(b'UID FETCH 1:* (FLAGS BODY.PEEK[])')
            told = peer.ok(b'APPEND %s %s' % (self.op.peer.encode(),
                                              ops.literal(PEER)))
            uid = int(re.search(rb'APPENDUID \d+ (\d+)', told[-1])[1])
            peer.ok(b'NOOP')
            got = peer.ok(b'UID FETCH %d (FLAGS BODY.PEEK[])' % uid)
            if PEER not in b''.join(got):
                raise Broken('the peer does not see its message: %r' % got)
            peer.ok(b'LOGOUT')
            peer.end()
            self.without_peer(run, uid)
        except WRONG as why:
            if not isinstance(why, Broken):
                why = traceback.format_exc()
            self.tell('kill %d with a peer' % n, run, why)

    def same_view(self, peer):
        """NOOP has told the peer all that whoever comes now sees."""
        fresh = Imap(self.store)
        fresh.ok(b'EXAMINE %s' % self.op.peer.encode())
        there = View(fresh)
        fresh.ok(b'LOGOUT')
        fresh.end()
        if peer.flags != there.flags:
            raise Broken('the peer was told %r, and there is %r' % (
                peer.flags, there.flags))

    def without_peer(self, run, uid):
        observe = self.store.observe

        def others():
            seen = observe()
            found = []
            for boxes in seen.users.values():
                for name, box in boxes.items():
                    mine = [m for m in box.messages if m[2] == digest(PEER)]
                    found += [(name, m[0]) for m in mine]
                    box.messages = [m for m in box.messages if m not in mine]
            if {u for _, u in found} != {uid}:
                raise Broken('the peer\'s message %d is at %s' % (uid, found))
            return seen

        self.store.observe = others
        try:
            self.verify(run)
        finally:
            self.store.observe = observe

    # --- With databases that are open ---

    def held(self, limit):
        total = self.count('-w', 'kill', str(1 << 30))
        for n in self.numbers(total, limit):
            self.one_held(n)

    def one_held(self, n):
        run = Run()
        store = self.store
        store.restore('base')
        self.points += 1
        try:
            with store.held():
                # Fewer calls than were counted: no log is read through.
                run = self.run(['-w', 'kill', str(n)])
                store.look()
            self.judge(run)
        except WRONG as why:
            if not isinstance(why, Broken):
                why = traceback.format_exc()
            self.tell('kill %d, held' % n, run, why)

    # --- A small file system ---

    def space(self, limit):
        self.small('leave_pages', limit)

    def inodes(self, limit):
        self.small('leave_inodes', limit)

    def readonly(self, _):
        self.on_small(Small.read_only, 0)

    def small(self, leave, limit):
        """From nothing free up to the least that is enough."""
        leave = getattr(Small, leave)
        least, enough = 0, 1
        while not self.suffices(leave, enough):
            if enough > ROOM:
                raise Broken('no room is enough')
            least, enough = enough, 2 * enough
        while least + 1 < enough:
            middle = (least + enough) // 2
            if self.suffices(leave, middle):
                enough = middle
            else:
                least = middle
        for n in self.numbers(enough + 1, limit):
            self.on_small(leave, n - 1)

    def suffices(self, leave, n):
        return self.on_small(leave, n, judge=False).refused is None

    def on_small(self, leave, n, judge=True):
        run = Run()
        store, home = self.store, self.store.path
        octets, inodes = size_of(os.path.join(self.work, 'base'))
        disk = Small(os.path.join(self.work, 'disk'), octets + ROOM,
                     inodes + INODES)
        try:
            store.move_to(os.path.join(disk.top, 'store'))
            subprocess.run(['cp', '-a', os.path.join(
                self.work, 'base', os.path.basename(home)), store.path],
                check=True)
            leave(disk, n)
            run.hit = '%s %d' % (leave.__name__, n)
            self.run_under(run, [], judge and (lambda imap: disk.relieve()))
            if judge:
                self.points += 1
                disk.relieve()
                self.judge_failed(run)
            elif run.said.endswith('(gone)'):
                run.refused = 0
        except WRONG as why:
            if not isinstance(why, Broken):
                why = traceback.format_exc()
            self.tell(run.hit, run, why)
        finally:
            disk.close()
            os.rmdir(disk.top)
            store.move_to(home)
        return run

    # --- Power ---

    def power(self, limit):
        run = self.record()
        with open(self.report) as f:
            log = f.readlines()
        # The machine has started anew.
        self.store.prefix = [self.tool, '-s', self.top, 'boot', '--']
        for rounds in self.disks(log, limit):
            self.one_disk(run, *rounds)

    def record(self):
        """Of a copy whose inodes the log will name."""
        self.store.restore('base')
        here = [self.store.path, *self.store.beside]
        self.disk = Disk(self.top, [name for name in os.listdir(self.top)
                                    if not self.op.beside or
                                    os.path.join(self.top, name) in here])
        run = self.run(['record'])
        if run.status != 0 or run.acked != len(self.steps):
            raise Broken('the recording: %s' % run.said)
        return run

    def disks(self, log, limit):
        """Each point: its number, the disk's kind, a seed."""
        points = []
        for i, line in enumerate(log):
            what = line.split(None, 1)[0]
            # Before a synchronisation most is unsettled; after an answer
            # most is promised.
            if what in ('sync', 'syncfs'):
                points += [i, i + 1]
            elif what == 'out' or i == len(log) - 1:
                points.append(i + 1)
        points = sorted(set(points))
        some = [points[n - 1] for n in self.numbers(len(points), limit)]
        at = 0
        for point in some:
            while at < point:
                self.disk.apply(log[at])
                at += 1
            for kind in KINDS:
                yield point, kind, 0
            for seed in range(2 if limit else 12):
                yield point, 'random', seed

    def acknowledged(self, point_is_end):
        if self.op.admin:
            return int(point_is_end)
        return len(re.findall(rb'(?m)^t\d+ OK', self.disk.answers))

    def one_disk(self, whole, point, kind, seed):
        run = Run()
        run.hit = 'line %d of the log, disk "%s" %d' % (point, kind, seed)
        with open(self.report) as f:
            end = point >= len(f.readlines())
        run.acked = min(self.acknowledged(end), len(self.steps))
        self.points += 1
        try:
            self.power_on(kind, hash((point, seed)))
            self.judge(run, lost=True)
        except WRONG as why:
            if not isinstance(why, Broken):
                why = traceback.format_exc()
            self.tell('power', run, why)

    def power_on(self, kind, seed):
        """The disk in the place of what was there."""
        after = os.path.join(self.work, 'after')
        self.disk.save(after, kind, self.store.owner, seed)
        subprocess.run(['rm', '-rf', self.store.path, *self.store.beside],
                       check=True)
        if not self.op.beside:
            os.rename(after, self.store.path)
            return
        for name in os.listdir(after):
            os.rename(os.path.join(after, name),
                      os.path.join(self.work, name))
        os.rmdir(after)

    def end(self):
        print('%s: %d points, %d wrong%s' % (
            self.op.name, self.points, self.bad, self.doubtful and
            ', %d in doubt' % self.doubtful or ''))
        sys.exit(1 if self.bad or not self.points else 0)


def main():
    if len(sys.argv) == 2 and sys.argv[1] == 'list':
        print('\n'.join(op.name for op in ops.OPS))
        return
    (mode, *errors), name = sys.argv[1].split(':'), sys.argv[2]
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    found = [op for op in ops.OPS if op.name == name]
    if not found or mode not in ('kill', 'peers', 'held', 'fault', 'full',
                                 'power', 'space', 'inodes', 'readonly'):
        sys.exit(__doc__)
    work = tempfile.mkdtemp(prefix='torture.')
    os.chmod(work, 0o755)
    try:
        torture = Torture(found[0], work)
        torture.prepare()
        getattr(torture, mode)(limit, *([errors] if errors else []))
        torture.end()
    finally:
        if os.environ.get('TORTURE_KEEP'):
            print('kept: ' + work)
        else:
            shutil.rmtree(work)


main()
