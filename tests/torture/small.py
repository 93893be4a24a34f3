# small.py - a file system of a store's own, with so much room and no more
# SPDX-License-Identifier: ISC
import os
import subprocess

PAGE = 4096
ROOM = 8 << 20          # octets beside those of the store
INODES = 400


class Small:
    """A file system in memory, mounted at a directory."""

    def __init__(self, top, octets, inodes):
        self.top = top
        os.mkdir(top)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755,size=%d,'
                        'nr_inodes=%d' % (octets, inodes), 'none', top],
                       check=True)
        self.fill = os.path.join(top, 'fill')

    def close(self):
        subprocess.run(['umount', '-l', self.top], check=True)

    def leave_pages(self, n):
        st = os.statvfs(self.top)
        with open(self.fill, 'wb') as f:
            if st.f_bavail > n:
                os.posix_fallocate(f.fileno(), 0,
                                   (st.f_bavail - n) * st.f_bsize)

    def leave_inodes(self, n):
        os.mkdir(self.fill)
        for i in range(os.statvfs(self.top).f_favail - n):
            with open(os.path.join(self.fill, str(i)), 'wb'):
                pass

    def read_only(self, _):
        subprocess.run(['mount', '-o', 'remount,ro', self.top], check=True)

    def relieve(self):
        subprocess.run(['mount', '-o', 'remount,rw', self.top], check=True)
        subprocess.run(['rm', '-rf', self.fill], check=True)


def size_of(top):
    """Octets and inodes that a tree takes."""
    octets = inodes = 0
    for at, _, files in os.walk(top):
        for name in ['.', *files]:
            st = os.lstat(os.path.join(at, name))
            octets += max(st.st_blocks * 512, PAGE)
            inodes += 1
    return octets, inodes
