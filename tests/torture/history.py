# history.py - what was done to mailboxes, and whether what is seen comes of it
# SPDX-License-Identifier: ISC
"""Everything that was asked for is an Op with the time before it was sent and the
time of its answer: it took effect at some moment in between.  An op that had no
answer may have happened or not, but not after its process had ended.  What a
session is told must come of some order of the ops that these times allow.

The clock is the driver's own, and an op is noted before it is sent; so whoever is
told of something finds its op here already.
"""
import time

NEVER = float('inf')
FLAGS = ('\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$A', '$B')

now = time.monotonic


class Violation(Exception):
    """No order of operations explains it."""


def require(good, *what):
    if not good:
        raise Violation(' '.join(str(w) for w in what))


class Op:
    """sure: it was done, whole.  begun, ended: its interval."""

    def __init__(self, kind, who):
        self.kind = kind
        self.who = who
        self.sure = False
        self.begun = now()
        self.ended = NEVER

    def end(self, sure):
        self.sure = sure
        self.ended = now()

    def __repr__(self):
        return (f'{self.kind} by {self.who} {self.begun:.4f}..'
                f'{self.ended:.4f}{"" if self.sure else " (not sure)"}')


class Message:
    def __init__(self, uid):
        self.uid = uid
        self.content = None     # whose octets it has
        self.origin = None      # the op that made it, once answered
        self.source = None      # what that copied
        self.first = None       # flags it may have been made with, and without
        self.writes = {flag: [] for flag in FLAGS}      # (op, value)
        self.enders = []        # ops that name it and may expunge it
        self.deletable = NEVER  # since when it may have \Deleted
        self.states = {}        # what flags it had by which modseq
        self.asked = False      # somebody fetches its octets

    def make_deletable(self, since):
        self.deletable = min(self.deletable, since)

    def explains(self, flag, value, since, until):
        """Whether the flag may have had the value between both times."""
        writes = self.writes[flag]
        over = [op for op, v in writes
                if v != value and op.sure and op.ended < since]
        if not over and self.began_with(flag, value):
            return True
        return any(v == value and op.begun < until and
                   not any(o.begun > op.ended for o in over)
                   for op, v in writes)

    def began_with(self, flag, value):
        """Whether it may have been made so."""
        return self.first is None or flag in self.first[0 if value else 1]

    def prune(self, oldest):
        """Forget what nobody can read any more who reads from oldest on."""
        for flag, writes in self.writes.items():
            if len(writes) < 8:
                continue
            cover = [op.begun for op, _ in writes
                     if op.sure and op.ended < oldest]
            if not cover:
                continue
            # What had ended before a sure one began that all reads follow: it
            # cannot be read, and what it wrote over is written over anyway.
            last = max(cover)
            self.writes[flag] = [w for w in writes if w[0].ended >= last]


class Box:
    def __init__(self, index, name):
        self.index = index
        self.name = name
        self.names = [name]     # more than one: nobody knows which
        self.validity = None
        self.messages = {}
        self.certain = {}       # UIDs that must be there, and since when
        self.gone = {}          # UIDs that are not there, and since when
        self.ends = []          # ops that expunge what has \\Deleted, and
        self.last_end = 0       # when the last of those not here ended
        self.renames = []
        self.uidnext = (0, 0)   # the highest that was told, and when

    def __repr__(self):
        return f'box {self.index} ({self.name})'

    def message(self, uid):
        if uid not in self.messages:
            self.messages[uid] = Message(uid)
        return self.messages[uid]

    # --- What is done ---

    def added(self, uid, content, op, flags, source=None):
        """The op was answered: this UID is of it, made with the flags, or with
        those of its source."""
        m = self.message(uid)
        require(m.origin is None, 'UID', uid, 'of', self, 'was given twice: by',
                m.origin, 'and by', op)
        m.origin = op
        m.source = source
        if content is not None:
            self.identify(uid, content, op.who)
        # With and without which flags it may have been made.
        m.first = (set(flags), set(FLAGS) - set(flags)) if source is None \
            else tuple({flag for flag in FLAGS if source.explains(
                flag, value, op.begun, op.ended)} for value in (True, False))
        if '\\Deleted' in m.first[0]:
            m.make_deletable(op.begun)
        if not m.enders and m.deletable == NEVER and uid not in self.gone:
            self.certain[uid] = op.ended

    def identify(self, uid, content, who):
        m = self.message(uid)
        require(m.content in (None, content), 'UID', uid, 'of', self, 'has',
                content, 'for', who, 'and had', m.content)
        m.content = content

    def write(self, op, uids, how, flags):
        """A STORE of these UIDs is sent: how is '+', '-' or ''."""
        for uid in uids:
            m = self.message(uid)
            for flag in FLAGS:
                if how == '' or flag in flags:
                    m.writes[flag].append((op, flag in flags and how != '-'))
            if '\\Deleted' in flags and how != '-':
                m.make_deletable(op.begun)
                self.certain.pop(uid, None)

    def unwrite(self, op, uids):
        """It did not change these after all."""
        for uid in uids:
            for writes in self.message(uid).writes.values():
                writes[:] = [w for w in writes if w[0] is not op]

    def may_end(self, op, uids=None):
        """The op is sent, and expunges these, or what has \\Deleted."""
        if uids is None:
            self.ends.append(op)
            return
        for uid in uids:
            self.message(uid).enders.append(op)
            self.certain.pop(uid, None)

    def maybe_ended(self, m):
        """Whether an op that was sent may have expunged it."""
        for op in [op for op in self.ends if op.ended < NEVER]:
            self.ends.remove(op)
            self.last_end = max(self.last_end, op.ended)
        return m.enders or (m.deletable < NEVER and
                            (self.ends or self.last_end >= m.deletable))

    def maybe_gone(self, m):
        return m.uid in self.gone or self.maybe_ended(m)

    # --- What is seen ---

    def saw_flags(self, uid, flags, modseq, since, who):
        flags = frozenset(flags) - {'\\Recent'}
        m = self.message(uid)
        if modseq is not None:
            had = m.states.setdefault(modseq, flags)
            require(had == flags, 'UID', uid, 'of', self, 'has modseq', modseq,
                    'with', set(flags), 'for', who, 'and with', set(had),
                    'for others')
        # Flags of a message that is gone stay as they were.
        if self.maybe_gone(m):
            return
        until = now()
        for flag in FLAGS:
            require(m.explains(flag, flag in flags, since, until), who,
                    'sees UID', uid, 'of', self, 'with', set(flags),
                    f'({flag} since {since:.4f}) after', m.writes[flag],
                    'made by', m.origin, 'with', m.first)

    def saw_gone(self, uid, who):
        m = self.message(uid)
        # A copy may have \\Deleted, and be gone, before its COPY is answered.
        require(m.origin is None or self.maybe_ended(m), who, 'is told that UID', uid, 'of', self,
                'is gone, which nobody expunged: made by', m.origin,
                'deletable since', m.deletable)
        self.certain.pop(uid, None)
        self.gone.setdefault(uid, now())

    def saw_all(self, uids, since, who):
        """A session that asked at that time has these UIDs, and no others."""
        uids = set(uids)
        for uid in self.certain.keys() - uids:
            require(self.certain[uid] >= since, who, 'does not see UID', uid,
                    'of', self, 'made by', self.messages[uid].origin)
        for uid in self.gone.keys() & uids:
            require(self.gone[uid] >= since, who, 'still sees UID', uid, 'of',
                    self, f'at {since:.4f}, gone since {self.gone[uid]:.4f}')

    def saw_validity(self, validity, who):
        if self.validity is None:
            self.validity = validity
        require(self.validity == validity, who, 'sees UIDVALIDITY', validity,
                'of', self, 'which had', self.validity)

    def saw_uidnext(self, uidnext, since, who):
        """UIDNEXT, of a command that was sent at that time."""
        told, when = self.uidnext
        require(when >= since or uidnext >= told, who, 'sees UIDNEXT', uidnext,
                'of', self, 'after', told)
        if uidnext > told:
            self.uidnext = (uidnext, now())
        for uid, when in self.certain.items():
            require(uid < uidnext or when >= since, who, 'sees UIDNEXT',
                    uidnext, 'of', self, 'which has', uid)

    def absent_is_explained(self, since, until):
        """Whether its name may have stood for nothing in between."""
        return len(self.names) > 1 or any(
            op.begun <= until and op.ended >= since for op in self.renames)
