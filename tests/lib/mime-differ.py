#!/usr/bin/env python3
# mime-differ.py - hold src/mail against GMime and Python's email on broken mail
# SPDX-License-Identifier: ISC
"""Make broken messages, ask all three parsers, and explain what differs.

usage: mime-differ.py OURS GMIME SEED COUNT [--show RULE] [--without RULE] [--rules]

OURS and GMIME are tests/tools/mime-ours and mime-gmime; GMIME may be "".  Each
difference must be explained by a rule of mimerules.py.  Prints how often each rule
did; an unexplained difference is shown with its message, and fails.  --show prints
what a rule explained; --without leaves one out; --rules prints those that were not
needed, and fails for them.
"""
import argparse
import collections
import sys

import brokenmail
import mimepeers
import mimerules


class Judge:
    """Compares, explains, counts."""

    def __init__(self, show):
        self.counts = collections.Counter()
        self.unexplained = collections.Counter()
        self.compared = 0
        self.show = show

    def weigh(self, found):
        """Pairs of difference and rule; how many have none."""
        pairs = [(d, next((r for r in mimerules.RULES if r.explains(d)), None))
                 for d in found]
        return sum(r is None for _, r in pairs), pairs

    def count(self, number, peer, reason, what):
        self.counts[peer, reason] += 1
        if self.show == reason:
            print(f'{number} {what}')

    def message(self, number, data, ask, peer, theirs):
        """Whether all that differs was explained."""
        tree = mimepeers.ours(ask(data), data)
        bad, pairs = self.weigh(mimerules.differences(peer, tree, theirs, self))
        # What one parser sees as the header's end moves all that follows.
        again, reasons = mimerules.as_read_by(peer, data, tree, ask)
        if bad and reasons:
            tree = mimepeers.ours(ask(again), again)
            still, more = self.weigh(
                mimerules.differences(peer, tree, theirs, self))
            if still < bad:
                bad, pairs = still, more
                for reason in reasons:
                    self.count(number, peer, reason, data[:1000])
        for difference, rule in pairs:
            if rule:
                self.count(number, peer, rule.name, difference)
            else:
                self.unexplained[peer, difference.kind] += 1
                print(f'message {number}: {difference}')
        return not bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('ours')
    parser.add_argument('gmime')
    parser.add_argument('seed', type=int)
    parser.add_argument('count', type=int)
    parser.add_argument('--show')
    parser.add_argument('--without')
    parser.add_argument('--rules', action='store_true')
    args = parser.parse_args()
    mimerules.RULES[:] = [r for r in mimerules.RULES if r.name != args.without]
    ours = mimepeers.Program(args.ours)
    gmime = mimepeers.Program(args.gmime) if args.gmime else None
    maker = brokenmail.Broken(args.seed)
    judge = Judge(args.show)
    bad = 0
    for number in range(args.count):
        data = maker.make()
        good = judge.message(number, data, ours.ask, 'Python',
                             mimepeers.python(data))
        if gmime:
            good &= judge.message(number, data, ours.ask, 'GMime',
                                  mimepeers.gmime(gmime.ask(data), data))
        if not good:
            bad += 1
            print(f'--- message {number} is {data!r:.4000}')
    for (peer, name), count in sorted(judge.counts.items()):
        print(f'{count:7} {peer:6} {name}')
    known = {name for _, name in judge.counts}
    unused = [r.name for r in mimerules.RULES if r.name not in known
              and (gmime or 'Python' in r.peers)]
    if args.rules and unused:
        print('rules that explained nothing:', *unused)
    for (peer, kind), count in judge.unexplained.items():
        print(f'{count:7} {peer:6} {kind} UNEXPLAINED')
    status = ours.close() or (gmime.close() if gmime else 0)
    print(f'{args.count} messages, {judge.compared} values compared, '
          f'{sum(judge.counts.values())} differences explained, '
          f'{bad} messages with others')
    return 1 if bad or status or (args.rules and unused) else 0


if __name__ == '__main__':
    sys.exit(main())
