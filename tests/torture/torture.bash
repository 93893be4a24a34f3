# torture.bash - the store's promises, each broken on purpose
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What is here runs with the other tests, with a part of the points that could be
# tried, and whole by "make torture", which sets TORTURE=long.  A test in these
# files is named in msgstore(7), PROMISES.
# shellcheck source=tests/lib/imap.bash
. "${BASH_SOURCE[0]%/*}/../lib/imap.bash"

# How much to try: "some SHORT LONG" prints the one or the other.
some() {
	if [[ ${TORTURE:-} == long ]]; then
		echo "$2"
	else
		echo "$1"
	fi
}
