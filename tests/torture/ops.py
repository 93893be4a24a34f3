# ops.py - what is done to the store while it is tortured
# SPDX-License-Identifier: ISC
import os

import backup

def mail(name, size=0):
    text = b'From: a@example.org\r\nSubject: %s\r\n\r\nbody of %s\r\n' % (
        name, name)
    while len(text) < size:
        text += b'A line of %d octets and some more of it.\r\n' % len(text)
    return text


def literal(octets):
    return b'{%d+}\r\n%s' % (len(octets), octets)


def append(mailbox, name, flags=b'', size=0):
    return b'APPEND %s %s%s' % (mailbox, flags and b'(' + flags + b') ',
                                literal(mail(name, size)))


BIG = 70000

# What every store begins with.
BASE = [
    b'CREATE work', b'CREATE other', b'CREATE copies', b'CREATE tree/a/b',
    b'SUBSCRIBE work',
    append(b'INBOX', b'inbox one', b'\\Seen'),
    append(b'INBOX', b'inbox two', b'\\Flagged $Work', BIG),
    append(b'INBOX', b'inbox three'),
    append(b'INBOX', b'inbox four', b'\\Seen \\Deleted'),
    append(b'INBOX', b'inbox five', b'\\Deleted'),
    append(b'work', b'work one', b'$One'),
    append(b'work', b'work two', b'\\Seen'),
    append(b'work', b'work three', b'$Three \\Answered'),
    append(b'work', b'work four'),
    append(b'copies', b'copies one'),
    append(b'tree/a', b'tree one'),
    append(b'tree/a/b', b'tree two'),
    append(b'shared/sales', b'sales one'),
    b'SELECT work', b'UID STORE 4 +FLAGS (\\Deleted)', b'UID EXPUNGE 4',
]


class Op:
    """steps are commands of one session, admin the words of mboxadm."""

    def __init__(self, name, steps=(), admin=None, stdin=b'', conf=(),
                 before=(), damage=None, files=None, peer='INBOX',
                 lazy=False, between=None, again=None, beside=(), ready=None,
                 judge=None):
        self.name = name
        self.steps = list(steps)
        self.admin = admin
        self.stdin = stdin
        self.conf = conf
        self.before = list(before)      # commands that follow BASE
        self.damage = damage            # what happens to the store then
        self.files = files              # makes what admin reads
        self.peer = peer                # where a second session appends
        self.lazy = lazy                # flags need not be on the disk
        # between(first, last, seen): other states that a half may leave.
        self.between = between
        self.again = again              # whether a second run does it again
        self.beside = beside            # directories that it works on too
        self.ready = ready              # ready(torture): what else is before
        self.judge = judge              # judge(torture, run): what must hold


def mbox_file(work):
    with open(os.path.join(work, 'mbox'), 'wb') as f:
        for n in range(6):
            f.write(b'From a@example.org Thu Jan  1 00:00:00 2026\n' +
                    mail(b'imported %d' % n).replace(b'\r', b'') + b'\n')


def maildir(work):
    top = os.path.join(work, 'maildir')
    for name in 'cur', 'new', 'tmp':
        os.makedirs(os.path.join(top, name), exist_ok=True)
    for n in range(4):
        path = os.path.join(top, 'cur', '%d.M%dP1.host:2,S' % (
            1700000000 + n, n))
        with open(path, 'wb') as f:
            f.write(mail(b'imported %d' % n).replace(b'\r', b''))


def some_of_import(first, last, seen):
    """Each message is whole; together they need not be."""
    here, all_ = (s.users['alice']['other'].messages for s in (seen, last))
    others = [u for u in last.users['alice'] if u != 'other']
    return here == all_[:len(here)] and all(
        seen.users['alice'][u].messages == first.users['alice'][u].messages
        for u in others)


def lose_database(store):
    """As if a disk had lost it: a repair makes it again."""
    box = store.observe().users['alice']['work'].identity[1:]
    for end in '', '-wal', '-shm':
        os.unlink(os.path.join(store.path, 'users/alice', box,
                               'messages.db' + end))


def stray_file(store):
    """A message that has no row, and an orphan where the next would be."""
    box = store.observe().users['alice']['work'].identity[1:]
    top = os.path.join(store.path, 'users/alice', box)
    for name, what in (('4', b'stray'), ('5', b'orphan')):
        path = os.path.join(top, name)
        if not os.path.exists(path):
            with open(path, 'wb') as f:
                f.write(mail(what))
            os.chown(path, *store.owner)


def created_unsubscribed(first, last, seen):
    """Two changes, and the second run makes the second."""
    return last.key(()) - seen.key(()) == {('subscribed', 'alice', 'one')}


OPS = [
    Op('append', [append(b'work', b'new', b'\\Seen $New', BIG)], peer='work'),
    Op('append-first', [append(b'other', b'new', b'\\Flagged')],
       peer='other'),
    Op('multiappend', [append(b'work', b'new one', b'$A', BIG) + b' ' +
                       literal(mail(b'new two')) + b' (\\Seen $B) ' +
                       literal(mail(b'new three'))], peer='work'),
    Op('replace', [b'SELECT work', b'REPLACE 2 work (\\Draft) ' +
                   literal(mail(b'new'))], peer='work'),
    Op('replace-other', [b'SELECT work', b'REPLACE 2 other ' +
                         literal(mail(b'new'))], peer='other'),
    Op('catenate', [b'APPEND work CATENATE (URL "/INBOX/;UID=1" TEXT ' +
                    literal(b'and more\r\n') + b')'], peer='work'),
    Op('copy', [b'SELECT INBOX', b'COPY 1:3 work'], peer='work'),
    Op('copy-first', [b'SELECT INBOX', b'COPY 1:5 other'], peer='other'),
    Op('copy-same', [b'SELECT copies', b'COPY 1 copies'], peer='copies'),
    Op('copy-shared', [b'SELECT INBOX', b'COPY 1:3 shared/sales'],
       peer='shared/sales'),
    Op('move', [b'SELECT INBOX', b'MOVE 1:3 work'], peer='work'),
    Op('move-peer-source', [b'SELECT INBOX', b'MOVE 1:3 work']),
    Op('move-first', [b'SELECT INBOX', b'MOVE 2:3 other'], peer='other'),
    Op('move-same', [b'SELECT work', b'MOVE 1:2 work'], peer='work'),
    Op('move-to-shared', [b'SELECT INBOX', b'MOVE 1:3 shared/sales'],
       peer='shared/sales'),
    Op('move-from-shared', [b'SELECT shared/sales', b'MOVE 1 work'],
       peer='work'),
    Op('move-at-once', [b'SELECT INBOX', b'MOVE 1:3 work'],
       conf=['expunge-retention = 0'], peer='work'),
    Op('store', [b'SELECT INBOX', b'STORE 1:3 +FLAGS (\\Answered $New)'],
       lazy=True),
    Op('store-twice', [b'SELECT work', b'STORE 1:* FLAGS (\\Deleted)',
                       b'STORE 2 -FLAGS.SILENT (\\Deleted)'], lazy=True,
       peer='work'),
    Op('store-append', [b'SELECT work', b'STORE 1:* FLAGS (\\Seen)',
                        append(b'work', b'new')], peer='work', lazy=True),
    Op('expunge', [b'SELECT INBOX', b'EXPUNGE']),
    Op('uid-expunge', [b'SELECT INBOX', b'UID EXPUNGE 5']),
    Op('expunge-at-once', [b'SELECT INBOX', b'EXPUNGE'],
       conf=['expunge-retention = 0']),
    Op('close', [b'SELECT INBOX', b'CLOSE']),
    Op('create', [b'CREATE new/one/two']),
    Op('create-use', [b'CREATE new (USE (\\Archive))']),
    Op('create-append', [b'CREATE new', append(b'new', b'first')]),
    Op('delete', [b'DELETE work']),
    Op('delete-parent', [b'DELETE tree/a']),
    Op('delete-child', [b'DELETE tree/a/b']),
    Op('delete-at-once', [b'DELETE work'], conf=['expunge-retention = 0']),
    Op('delete-create', [b'DELETE work', b'CREATE work',
                         append(b'work', b'new')]),
    Op('rename', [b'RENAME work done']),
    Op('rename-tree', [b'RENAME tree wood/oak']),
    Op('rename-inbox', [b'RENAME INBOX old/mail'], peer='work'),
    Op('subscribe', [b'SUBSCRIBE other', b'UNSUBSCRIBE work']),
    Op('life', [append(b'work', b'new one'), b'SELECT work',
                b'STORE 4 +FLAGS (\\Seen)', b'MOVE 4 other',
                # Told again where the end of APPEND could not tell of it.
                append(b'work', b'new two'), b'NOOP',
                b'UID STORE 6 FLAGS (\\Deleted)',
                b'EXPUNGE', b'SELECT other', b'COPY 1 INBOX'],
       peer='other', lazy=True),
    Op('deliver', admin=['deliver', 'alice'], stdin=mail(b'delivered')),
    Op('deliver-first', admin=['deliver', 'alice/other'],
       stdin=mail(b'delivered', BIG), peer='other'),
    Op('import-mbox', admin=['import', 'mbox', '@mbox', 'alice', 'other'],
       files=mbox_file, between=some_of_import, again=True),
    Op('import-maildir', admin=['import', 'maildir', '@maildir', 'alice',
                                'other'],
       files=maildir, between=some_of_import, again=True),
    Op('purge', admin=['purge'], conf=['expunge-retention = 0'], lazy=True),
    Op('purge-deleted', before=[b'DELETE tree/a/b', b'DELETE work'],
       admin=['purge'], conf=['expunge-retention = 0'], lazy=True),
    Op('undelete', admin=['mailbox', 'undelete', 'alice', 'work']),
    Op('repair-database', damage=lose_database,
       admin=['check', '--repair']),
    Op('repair-stray', damage=stray_file, admin=['check', '--repair']),
    Op('mailbox-create', admin=['mailbox', 'create', 'alice', 'one',
                                '--subscribe'],
       between=created_unsubscribed),
    Op('mailbox-rename', admin=['mailbox', 'rename', 'alice', 'tree',
                                'wood']),
    Op('mailbox-delete', admin=['mailbox', 'delete', 'alice', 'work']),
    Op('user-add', admin=['user', 'add', 'dora', '--no-password']),
    Op('user-rename', admin=['user', 'rename', 'bob', 'robert']),
    Op('user-delete', admin=['user', 'delete', 'bob']),
    Op('user-passwd', admin=['user', 'passwd', 'bob', '--password-stdin'],
       stdin=b'secret\n'),
    Op('user-deny', admin=['user', 'deny', 'bob', 'create']),
    Op('shared-add', admin=['shared', 'add', 'press']),
    Op('shared-delete', admin=['shared', 'delete', 'sales']),
    Op('grant', admin=['grant', 'sales', 'bob', 'read']),
    Op('revoke', admin=['revoke', 'sales', 'alice']),
    Op('backup', admin=['backup', '@copy'], beside=['copy'],
       judge=backup.judge_backup),
    Op('backup-again', admin=['backup', '@copy'], beside=['copy'],
       ready=backup.backup_and_change, judge=backup.judge_backup),
    Op('backup-copy', admin=['backup', '--copy', '@copy'], beside=['copy'],
       ready=backup.backup_and_change, judge=backup.judge_backup),
    Op('restore', admin=['-s', '@back', 'restore', '@copy'],
       beside=['copy', 'back'], ready=backup.backup_only,
       judge=backup.judge_restore),
    Op('restore-user', admin=['restore', '@copy', 'bob'], beside=['copy'],
       ready=backup.backup_and_delete),
    Op('restore-mailbox', admin=['restore', '@copy', 'alice/work', 'again'],
       beside=['copy'], ready=backup.backup_only),
]
