#!/usr/bin/env bats
# grammar.bats - commands that the grammar makes: RFC 9051 9 and the extensions'
# SPDX-License-Identifier: ISC
#
# GRAMMAR_SECONDS (20) and GRAMMAR_SEED (1 to 4) in the environment choose more.
load ../lib/imap

@test "grammar: what it has is not BAD, what it has not is BAD (RFC 9051 9)" {
	local seed seeds

	read -r -a seeds <<<"${GRAMMAR_SEED:-1 2 3 4}"

	mboxadm grant sales alice full
	imap_serve pid.grammar. --preauth alice
	for seed in "${seeds[@]}"; do
		timeout -k 5 $((${GRAMMAR_SECONDS:-20} + 60)) \
		    python3 "$TESTS_DIR/lib/grammar.py" "$IMAP_PORT" \
		    "$TESTS_DIR/lib/commands.abnf" "$seed" \
		    $((${GRAMMAR_SECONDS:-20} / ${#seeds[@]}))
	done
}
