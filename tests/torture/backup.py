# backup.py - what a backup and a store from it promise
# SPDX-License-Identifier: ISC
import os
import shutil
import subprocess
import tempfile

from store import Broken, Imap


def backup_only(torture):
    """A backup of the store as it is."""
    torture.store.admin('backup', os.path.join(torture.work, 'copy'))


def backup_and_change(torture):
    """A backup of an earlier state."""
    store = torture.store
    backup_only(torture)
    torture.before = seen_in(torture, 'copy')
    imap = Imap(store)
    for line in (b'SELECT INBOX', b'UID STORE 1 FLAGS ($Later)',
                 b'UID EXPUNGE 5', b'MOVE 2 other', b'DELETE tree/a/b',
                 b'RENAME copies duplicates', b'CREATE fresh',
                 b'COPY 1 fresh', b'LOGOUT'):
        imap.ok(line)
    imap.end()
    store.admin('user', 'delete', 'bob')
    store.admin('user', 'add', 'dora', '--no-password')


def backup_and_delete(torture):
    backup_only(torture)
    torture.store.admin('user', 'delete', 'bob')


def seen_in(torture, name, done=True):
    """What a store beside holds, which is not touched; it must be in order, but
    for files that are more where something was not done."""
    top = tempfile.mkdtemp(dir=torture.work)
    os.chmod(top, 0o755)
    try:
        other = torture.store.at(os.path.join(os.path.basename(top), name))
        subprocess.run(['cp', '-a', os.path.join(torture.work, name),
                        other.path], check=True)
        found = other.check()
        if found and done:
            raise Broken('check of %s: %s' % (name, found))
        return other.observe()
    finally:
        shutil.rmtree(top)


def mark_of(torture, name):
    try:
        with open(os.path.join(torture.work, name, 'backup')) as f:
            return dict(line.split(None, 1) for line in
                        f.read().splitlines())
    except FileNotFoundError:
        return {}


def must_be(torture, what, seen, states, known):
    keys = [state.key(known) for state in states]
    if seen.key(known) not in keys:
        raise Broken('%s is something else\n%s' % (what, sorted(map(
            str, seen.key(known) ^ keys[-1]))))


def store_is_well(torture):
    """The store itself, which nobody changed."""
    store = torture.store
    must_be(torture, 'the store', store.observe(), torture.states[:1],
            torture.known)
    found = store.check()
    if found:
        raise Broken('check of the store: %s' % found)


def judge_backup(torture, run):
    """What says that it is complete is; the next run makes it so."""
    store, now = torture.store, torture.states[0]
    store_is_well(torture)
    if mark_of(torture, 'copy').get('state') == 'complete':
        before = getattr(torture, 'before', now)
        must_be(torture, 'the backup', seen_in(torture, 'copy', run.acked),
                [before, now], torture.known | before.identities())
    elif run.acked:
        raise Broken('it says that it is done, and the mark does not')
    store.admin(*torture.words)
    if mark_of(torture, 'copy').get('state') != 'complete':
        raise Broken('run again it is not complete')
    must_be(torture, 'run again the backup', seen_in(torture, 'copy'), [now],
            torture.known)
    store_is_well(torture)


def judge_restore(torture, run):
    """No store, or a whole one; run again a whole one.  UIDVALIDITYs are new."""
    store, now = torture.store, torture.states[0]
    whole = os.path.exists(os.path.join(torture.work, 'back', 'users.db'))
    if whole:
        must_be(torture, 'the store', seen_in(torture, 'back'), [now], ())
    elif run.acked:
        raise Broken('it says that it is done, and there is no store')
    if not whole or mark_of(torture, 'back'):
        store.admin(*torture.words)
    must_be(torture, 'restored again the store', seen_in(torture, 'back'),
            [now], ())
    must_be(torture, 'the backup', seen_in(torture, 'copy'), [now],
            torture.known)
