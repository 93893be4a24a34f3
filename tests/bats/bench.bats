#!/usr/bin/env bats
# bench.bats - the benchmark runs, and has a figure for each row and both servers
# SPDX-License-Identifier: ISC
#
# How fast anything is decides no test.
bats_require_minimum_version 1.5.0
load ../lib/imap

setup_file() { build_find; }
teardown_file() { :; }
teardown() { :; }

setup() {
	RUN=$TESTS_DIR/bench/run
	! built_with_asan || skip 'a build with sanitizers is not measured'
	command -v dovecot >/dev/null || skip 'dovecot-imapd is not installed'
	OUT=$BATS_TEST_TMPDIR/out
	# The store's user must get through.
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ "$BATS_TEST_TMPDIR"
}

# The rows that rows.tsv names, and that a line of RESULTS has no figure for.
without_figure() {
	awk -F '\t' -v peer="$1" -v memory="$2" '
	FNR == NR { if ($0 !~ /^#/) wanted[$1] = 1; next }
	/^# cpu-time/ && $2 != "cgroup" { memory = 0 }
	$3 != peer || !($5 ~ /^(wall_us|taken_kb)$/) { next }
	{ figure[$1] = 1 }
	$1 == "idle" { figure["idle-p50"] = figure["idle-p99"] = 1 }
	END {
		for (row in wanted)
			if (!(row in figure) && (memory || row !~ /^memory/))
				print row
	}' "$TESTS_DIR/bench/rows.tsv" "$OUT/results.tsv"
}

@test "the benchmark has a figure in each row for msgstore and for Dovecot" {
	"$RUN" --build "$MSGSTORE_BUILD" --out "$OUT" --sizes 50 --rounds 1 \
	    --sessions 3 --folders 5 --tmp "$BATS_TEST_TMPDIR" \
	    --peers msgstore,msgstore-scan,dovecot-mdbox,bare >"$OUT.md"
	run ! grep -P '\t(error|differs)\t' "$OUT/results.tsv"
	run -0 without_figure msgstore 1
	[[ -z $output ]]
	run -0 without_figure dovecot-mdbox 1
	[[ -z $output ]]
	if ((EUID == 0)); then
		grep -qP '^memory\t50\tbare\t1\tprocesses\t1\.00$' \
		    "$OUT/results.tsv"
		grep -q 'a process that does nothing' "$OUT.md"
	fi
	grep -q '^| SEARCH BODY | [0-9]' "$OUT.md"
	grep -q '^| session' "$OUT.md"
}

@test "the benchmark's client gives no figure to a server that answers wrongly" {
	# Another seed is other mail: each answer is wrong.
	mkdir "$BATS_TEST_TMPDIR/keep"
	"$RUN" --build "$MSGSTORE_BUILD" --out "$OUT" --sizes 50 --rounds 1 \
	    --folders 1 --tmp "$BATS_TEST_TMPDIR" --rows fetch-bodies,search-body \
	    --peers msgstore --keep "$BATS_TEST_TMPDIR/keep" >"$OUT.md"
	run ! grep -P '\terror\t' "$OUT/results.tsv"
	mv "$BATS_TEST_TMPDIR"/keep/50-{1,2}-1
	"$RUN" --build "$MSGSTORE_BUILD" --out "$OUT" --sizes 50 --rounds 1 --seed 2 \
	    --folders 1 --tmp "$BATS_TEST_TMPDIR" --rows fetch-bodies \
	    --peers msgstore --keep "$BATS_TEST_TMPDIR/keep" >"$OUT.md"
	grep -qP '^fetch-bodies\t50\tmsgstore\t0\terror\t' "$OUT/results.tsv"
	run ! grep -P '\twall_us\t' "$OUT/results.tsv"
}
