#!/usr/bin/env python3
"""thread-python.py - SORT and THREAD once more, to compare with imapd

usage: thread-python.py SEED COUNT MBOX

Writes COUNT messages made by chance to the file MBOX, and to standard output
what imapd must answer: lines of a command's arguments, a tab, the response.
Written from RFC 5256 alone, with strings and recursion, step by step.
"""
# SPDX-License-Identifier: ISC
import random
import re
import sys
import time
import unicodedata

sys.setrecursionlimit(100000)
seed, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rnd = random.Random(seed)

PARTS = ["Re:", "re: ", "Fwd:", "FW:", "[l] ", "[a]", "[b] Re:", "Re[2]:",
         "[fwd: ", "]", " (fwd)", "hello", "world", " ", "  ", "x", "\u00fc",
         "\u00dc", "[", "(fwd", "RE : "]


# --- RFC 5256 2.1 ---

BLOB = r"(?:\[[^\[\]]*\][ ]*)"
REFWD = re.compile(rf"{BLOB}*(?:re|fwd?)[ ]*{BLOB}?:", re.I)
LEAD_BLOB = re.compile(BLOB)


def base_subject(text):
    """The base subject, and whether it was a reply or a forward."""
    reply = False
    text = re.sub(" +", " ", re.sub(r"[\t\r\n]", " ", text.strip(" \t")))
    while True:
        while True:                                     # (2)
            if text.endswith(" "):
                text = text[:-1]
            elif text.lower().endswith("(fwd)"):
                text, reply = text[:-5], True
            else:
                break
        while True:                                     # (3), (4), (5)
            before = text
            text = text.lstrip(" ")
            if m := REFWD.match(text):
                text, reply = text[m.end():], True
                continue
            if (m := LEAD_BLOB.match(text)) and m.end() < len(text):
                text = text[m.end():]
            if text == before:
                break
        if text.lower().startswith("[fwd:") and text.endswith("]"):
            text, reply = text[5:-1], True              # (6)
            continue
        return text, reply


def collation(text):
    """i;unicode-casemap of the characters that are used here."""
    title = "".join(c if c == "\u00df" else c.title() for c in text)
    return unicodedata.normalize("NFKD", title).encode()


class Message:
    def __init__(self, number):
        self.number = number
        self.parent, self.children = None, []
        self.id, self.refs = None, []


def make(number, messages):
    m = Message(number)
    if rnd.random() < 0.5:
        m.subject = "".join(rnd.choice(PARTS) for _ in range(rnd.randrange(6)))
    else:
        m.subject = rnd.choice(["", "Re: ", "Fwd: "]) + \
            rnd.choice(["hello", "World", "world", "other"])
    m.sent = 1000000000 + rnd.randrange(count * 2)
    m.arrived = 1100000000 + rnd.randrange(count)
    m.id = f"{rnd.randrange(count)}@x"
    known = [f"{rnd.randrange(count)}@x" for _ in range(rnd.randrange(4))]
    if messages and rnd.random() < 0.7:
        parent = rnd.choice(messages)
        known = [r for r in parent.refs + [parent.id] if r is not None]
        known = known[-rnd.randrange(1, 6):]
        if rnd.random() < 0.2:
            rnd.shuffle(known)
    m.refs = known[-20:]
    if rnd.random() < 0.1:
        m.id = None
    m.base, m.reply = base_subject(m.subject)
    return m


# --- RFC 5256 3, REFERENCES ---

def is_below(a, b):
    while a is not None:
        if a is b:
            return True
        a = a.parent
    return False


def link(parent, child):
    if parent is None or is_below(parent, child):
        return
    child.parent = parent
    parent.children.append(child)


def unlink(child):
    if child.parent is not None:
        child.parent.children.remove(child)
        child.parent = None


def order(m):
    """The message that a node is sorted by, and its moment."""
    if m.number:
        return (m.sent, m.number)
    return min(order(c) for c in m.children)


def prune(node, top):
    out = []
    for c in node:
        c.children = prune(c.children, False)
        if c.number:
            out.append(c)
        elif not c.children:
            continue
        elif top and len(c.children) > 1:
            out.append(c)
        else:
            out.extend(c.children)
    return out


def numbers(m):
    out = [m.number] if m.number else []
    for c in m.children:
        out += numbers(c)
    return out


def write(m):
    if len(m.children) == 1:
        below = write(m.children[0])
    else:
        below = "".join(f"({write(c)})" for c in m.children)
    return " ".join(x for x in (str(m.number or ""), below) if x)


def sort_all(nodes, key):
    for n in nodes:
        n.children = sort_all(n.children, order)
    return sorted(nodes, key=key)


def merge_subjects(root):
    table = {}

    def subject(m):
        first = m if m.number else min(m.children, key=order)
        return collation(first.base)

    for m in root:
        s = subject(m)
        if not s:
            continue
        t = table.get(s)
        if t is None or (t.number and (not m.number or
                                       (t.reply and not m.reply))):
            table[s] = m
    out = list(root)
    for m in root:
        s = subject(m)
        if m not in out or not s or table[s] is m:
            continue
        t = table[s]
        out.remove(m)
        if not t.number and not m.number:
            t.children += m.children
        elif not t.number:
            t.children.append(m)
        elif m.number and m.reply and not t.reply:
            t.children.append(m)
        else:
            dummy = Message(0)
            dummy.children = [t, m]
            table[s] = dummy
            out[out.index(t)] = dummy
    return out


def references(messages, subjects):
    nodes, everyone = {}, []
    for m in messages:
        m.parent, m.children = None, []
        if m.id is not None and m.id not in nodes:
            nodes[m.id] = m
        everyone.append(m)
    for m in messages:
        last = None
        for ref in m.refs:
            if ref not in nodes:
                nodes[ref] = Message(0)
                everyone.append(nodes[ref])
            node = nodes[ref]
            if node.parent is None:
                link(last, node)
            last = node
        unlink(m)
        link(last, m)
    root = prune([m for m in everyone if m.parent is None], True)
    if subjects:
        root = merge_subjects(sorted(root, key=order))
        return sort_all(root, order)
    by_number = {m.number: m for m in messages}
    return sort_all(root, lambda m: (
        max(by_number[n].arrived for n in numbers(m)), order(m)[1]))


def ordered_subject(messages):
    threads = {}
    for m in sorted(messages, key=lambda m: (m.sent, m.number)):
        m.children = []
        s = collation(m.base)
        if s in threads:
            threads[s].children.append(m)
        else:
            threads[s] = m
    return sorted(threads.values(), key=lambda m: (m.sent, m.number))


# --- Out ---

def encoded(text):
    if text.isascii():
        return text
    return "=?utf-8?Q?" + "".join(
        c if c.isalnum() and c.isascii() else
        "".join(f"={o:02X}" for o in c.encode()) for c in text) + "?="


def quoted(ref):
    left, right = ref.split("@")
    return f'<"{left}"@{right}>' if rnd.random() < 0.2 else f"<{ref}>"


def main():
    messages = []
    with open(path, "w", encoding="ascii", newline="\n") as out:
        for number in range(1, count + 1):
            m = make(number, messages)
            messages.append(m)
            arrived = time.strftime("%a %b %d %H:%M:%S %Y",
                                    time.gmtime(m.arrived))
            print(f"From x {arrived}", file=out)
            print(f"Subject: {encoded(m.subject)}", file=out)
            print(time.strftime("Date: %d %b %Y %H:%M:%S +0000",
                                time.gmtime(m.sent)), file=out)
            if m.id is not None:
                print(f"Message-ID: {quoted(m.id)}", file=out)
            if m.refs:
                print("References: " + " ".join(map(quoted, m.refs)), file=out)
            print("\n.\n", file=out)

    def tell(args, response):
        print(f"{args}\t* {response}".rstrip())

    # Each call makes the tree anew.
    for alg, threads in (
            ("ORDEREDSUBJECT", lambda: ordered_subject(messages)),
            ("REFERENCES", lambda: references(messages, True)),
            ("REFS", lambda: references(messages, False))):
        tell(f"THREAD {alg} UTF-8 ALL", "THREAD " +
             "".join(f"({write(m)})" for m in threads()))
    for args, key in (
            ("SUBJECT", lambda m: (collation(m.base), m.number)),
            ("DATE", lambda m: (m.sent, m.number)),
            ("REVERSE DATE", lambda m: (-m.sent, m.number)),
            ("ARRIVAL", lambda m: (m.arrived, m.number)),
            ("SUBJECT REVERSE DATE",
             lambda m: (collation(m.base), -m.sent, m.number))):
        tell(f"SORT ({args}) UTF-8 ALL", "SORT " + " ".join(
            str(m.number) for m in sorted(messages, key=key)))


main()
