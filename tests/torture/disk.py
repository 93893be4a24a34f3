# disk.py - what a disk may hold after the power failed
# SPDX-License-Identifier: ISC
"""The log that "crash record" writes is played on a model of a file system.

A file's octets are on the disk when the file was synchronised, and a name when
its directory was.  Until then each write may be there, be missing, or have come
in part, in units of 512 octets; each name may be there or not.  A renaming is one
step: every journal promises that.  A file's time is there as it was last set, as
if each journal had it: who trusts it gets the worst.  Five kinds of disks come of
it:

  all       everything that was written before
  synced    nothing that was not synchronised: what POSIX promises
  journal   names up to the last synchronisation of anything, octets as above:
            what a file system does that has one journal
  holes     all names and lengths, and zeros where octets were not synchronised
  random    some of all that, by a seed
"""
import os
import random

SECTOR = 512
KINDS = ('all', 'synced', 'journal', 'holes')


class File:
    def __init__(self, data=b'', time=None):
        self.time = time        # of its last change in ns, None: now
        self.data = bytearray(data)
        self.synced = bytes(data)
        self.pending = []               # ('write', offset, data), ('size', n)

    def write(self, offset, data):
        put(self.data, offset, data)
        self.time = None
        self.pending.append(('write', offset, data))

    def truncate(self, size):
        resize(self.data, size)
        self.pending.append(('size', size))

    def sync(self):
        self.synced = bytes(self.data)
        self.pending = []

    def holes(self):
        data = bytearray(self.synced)
        for what, *rest in self.pending:
            if what == 'size':
                resize(data, rest[0])
            elif rest[0] + len(rest[1]) > len(data):
                resize(data, rest[0] + len(rest[1]))
        return bytes(data)

    def some(self, chance):
        data = bytearray(self.synced)
        for what, *rest in self.pending:
            if what == 'size':
                if chance.random() < 0.5:
                    resize(data, rest[0])
                continue
            offset, octets = rest
            fate = chance.random()
            if fate < 0.4:
                put(data, offset, octets)
            elif fate < 0.6:
                for at in range(0, len(octets), SECTOR):
                    if chance.random() < 0.5:
                        put(data, offset + at, octets[at:at + SECTOR])
        return bytes(data)


class Directory:
    def __init__(self):
        self.entries = {}
        self.synced = {}


def put(data, offset, octets):
    if len(data) < offset:
        resize(data, offset)
    data[offset:offset + len(octets)] = octets


def resize(data, size):
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


class Disk:
    def __init__(self, top, names):
        """Of the directory top, with these names of it."""
        self.nodes = {}
        self.root = self.load(top, names)
        self.names = []         # unsynchronised: (directory, name, node), ...
        self.journal = []       # those that no synchronisation followed
        self.answers = b''

    def load(self, path, names=None):
        st = os.lstat(path)
        inode = st.st_ino
        if inode in self.nodes:                 # another link
            return self.nodes[inode]
        if os.path.isdir(path):
            node = Directory()
            for name in os.listdir(path) if names is None else names:
                node.entries[name] = self.load(os.path.join(path, name))
            node.synced = dict(node.entries)
        else:
            with open(path, 'rb') as f:
                node = File(f.read(), st.st_mtime_ns)
        self.nodes[inode] = node
        return node

    # --- The log ---

    def find(self, path):
        """The directory, and the name in it."""
        *above, name = path.strip('/').split('/')
        node = self.root
        for part in above:
            if part != '.':
                node = node.entries[part]
        return node, name

    def step(self, *changes):
        """Names that change together: (directory, name, node or None)."""
        for directory, name, node in changes:
            if node is None:
                directory.entries.pop(name, None)
            else:
                directory.entries[name] = node
        self.names.append(changes)
        self.journal.append(changes)

    def apply(self, line):
        """True when it is a point that is worth a crash."""
        what, *words = line.split()
        if what == 'out':
            self.answers += bytes.fromhex(words[0])
            return True
        if what == 'write':
            self.nodes[int(words[0])].write(int(words[1]),
                                            bytes.fromhex(words[2]))
        elif what == 'truncate':
            self.nodes[int(words[0])].truncate(int(words[1]))
        elif what == 'time':
            node = self.nodes[int(words[0])]
            if isinstance(node, File):
                node.time = int(words[1])
        elif what == 'new':
            self.nodes[int(words[0])] = File()
        elif what in ('create', 'mkdir'):
            node = File() if what == 'create' else Directory()
            self.nodes[int(words[0])] = node
            self.step((*self.find(words[1]), node))
        elif what == 'link':
            self.step((*self.find(words[1]), self.nodes[int(words[0])]))
        elif what == 'unlink':
            self.step((*self.find(words[0]), None))
        elif what == 'rename':
            old, name = self.find(words[0])
            self.step((old, name, None),
                      (*self.find(words[1]), old.entries[name]))
        elif what == 'exchange':
            (a, one), (b, two) = self.find(words[0]), self.find(words[1])
            self.step((a, one, b.entries[two]), (b, two, a.entries[one]))
        elif what == 'sync':
            self.sync(self.nodes[int(words[0])])
            return True
        elif what == 'syncfs':
            for node in set(self.nodes.values()):
                self.sync(node)
            return True
        elif what in ('hit', 'calls'):
            return False
        else:
            raise ValueError('the log says ' + line)
        return False

    def sync(self, node):
        self.journal = []
        if isinstance(node, File):
            node.sync()
            return
        left = []
        for step in self.names:
            if any(directory is node for directory, _, _ in step):
                settle(step)
            else:
                left.append(step)
        self.names = left

    # --- The disks ---

    def save(self, to, kind, owner, seed=0):
        chance = random.Random(seed)
        extra = []
        if kind == 'random':
            # Some steps, in order: a prefix as a journal has, or any.
            if chance.random() < 0.5:
                extra = self.names[:chance.randint(0, len(self.names))]
            else:
                extra = [s for s in self.names if chance.random() < 0.5]
        elif kind == 'journal':
            later = {id(s) for s in self.journal}
            extra = [s for s in self.names if id(s) not in later]
        names = {}
        for step in extra:
            for directory, name, node in step:
                names.setdefault(id(directory), []).append((name, node))
        self.save_node(self.root, to, kind, owner, chance, names, {})

    def save_node(self, node, to, kind, owner, chance, names, done):
        if isinstance(node, Directory):
            os.mkdir(to, 0o700)
            entries = dict(node.entries if kind in ('all', 'holes') else
                           node.synced)
            for name, child in names.get(id(node), []):
                entries.pop(name, None)
                if child is not None:
                    entries[name] = child
            for name in sorted(entries):
                self.save_node(entries[name], os.path.join(to, name), kind,
                               owner, chance, names, done)
            os.chown(to, *owner)
            return
        if node in done:
            os.link(done[node], to)
            return
        if kind == 'all':
            data = node.data
        elif kind == 'holes':
            data = node.holes()
        elif kind == 'random':
            data = node.some(chance)
        else:
            data = node.synced
        with open(to, 'wb') as f:
            f.write(data)
        os.chmod(to, 0o600)
        os.chown(to, *owner)
        if node.time is not None:
            os.utime(to, ns=(node.time, node.time))
        done[node] = to


def settle(step):
    for directory, name, node in step:
        if node is None:
            directory.synced.pop(name, None)
        else:
            directory.synced[name] = node
