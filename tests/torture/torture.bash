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

# No store of imap.bash and no listener: torture.py makes its own.
setup_file() {
	build_find
	owner_find
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
}
teardown_file() { :; }

setup() {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	export PYTHONDONTWRITEBYTECODE=1
	needs_tracer
	chmod go+x "$BATS_RUN_TMPDIR/test"
	chmod 1777 "$BATS_TEST_TMPDIR"
}
teardown() { :; }

# torture MODE POINTS OPERATION ...: at most so many points of each in the short
# form.  A file system in memory is faster, where there is one.
torture() {
	local mode=$1 points op dir=$BATS_TEST_TMPDIR bad=0
	points=$(some "$2" 0)
	shift 2

	[[ ! -d /dev/shm || ! -w /dev/shm ]] || dir=/dev/shm
	for op in "$@"; do
		TMPDIR=$dir python3 "$TESTS_DIR/torture/torture.py" "$mode" "$op" \
		    "$points" || bad=1
	done
	((bad == 0))
}
