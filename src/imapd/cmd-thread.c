/* cmd-thread.c - THREAD and UID THREAD: RFC 5256 3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/sort.h"
#include "mail/thread.h"

struct thread_args {
	struct search_args search;
	enum thread_alg	 alg;
};

static const struct {
	const char	*word, *capability;
} algs[] = {
	[THREAD_ORDEREDSUBJECT] = { "ORDEREDSUBJECT", "THREAD=ORDEREDSUBJECT" },
	[THREAD_REFERENCES] = { "REFERENCES", "THREAD=REFERENCES" },
	[THREAD_REFS] = { "REFS", "THREAD=REFS" }
};
#define ALGS	(sizeof(algs) / sizeof(algs[0]))

/* RFC 5256 5 "thread" */
static const struct err *
thread_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct thread_args *args = arena_alloc(a, sizeof(*args));
	const char *word;
	size_t i;

	if (!parser_sp(p) || !parser_word(p, &word))
		return parser_err(p);
	for (i = 0; i < ALGS && strcmp(word, algs[i].word) != 0; i++)
		;
	if (i == ALGS) {
		parser_expected(p, "a threading algorithm");
		return parser_err(p);
	}
	args->alg = (enum thread_alg)i;
	if (!parser_sp(p) || !search_parse_criteria(a, p, &args->search))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

struct threading {
	struct session	*s;
	struct thread_input in;
	struct buf	 subject;	/* as compared */
	size_t		 hint;
	bool		 is_uid;
};

static void
add_message(void *arg, const struct message *m, const struct sortkeys *k)
{
	struct threading *t = arg;
	struct thread_msg msg = { .number = m->uid, .reply = k->reply,
	    .refs_n = (uint8_t)k->refs_n, .id = k->id,
	    .sent = k->dated ? k->sent : m->date.when,
	    .arrived = m->date.when };

	if (!t->is_uid)
		msg.number = selected_seq(t->s->selected, m->uid, &t->hint);
	if (msg.number == 0)
		return;
	if (k->texts[SORTKEY_SUBJECT].len > 0) {
		buf_reset(&t->subject);
		collate(t->s->collation, k->texts[SORTKEY_SUBJECT].s,
		    k->texts[SORTKEY_SUBJECT].len, &t->subject);
		msg.subject = sortkeys_hash(t->subject.s, t->subject.len);
	}
	thread_add(&t->in, &msg, k->refs);
}

static void
write_piece(void *arg, struct buf *b)
{
	struct session *s = arg;

	output_add(s->out, b->s, b->len);
	buf_reset(b);
}

static const struct err *
do_thread(struct session *s, struct thread_args *args, bool is_uid)
{
	struct threading t = { .s = s, .is_uid = is_uid };
	struct found found = { 0 };
	const struct err *err;

	err = search_begin(s, &args->search);
	if (err == NULL && capability_off(s, algs[args->alg].capability))
		err = err_syntax("%s is turned off",
		    algs[args->alg].capability);
	if (err == NULL)
		err = search_find_unread(s, args->search.root, &found);
	if (err == NULL)
		err = sort_scan(s, s->selected->mbox, &found, true,
		    add_message, &t);
	if (err == NULL) {
		if (args->search.modseq)
			condstore_enable(s);
		output_adds(s->out, t.in.n > 0 ? "* THREAD " : "* THREAD");
		thread_sort(&t.in);
		thread_write(args->alg, &t.in, write_piece, s);
		output_adds(s->out, "\r\n");
	}
	thread_input_clear(&t.in);
	buf_clear(&t.subject);
	found_clear(&found);
	return err;
}

static const struct err *
thread_run(struct session *s, void *args)
{
	return do_thread(s, args, false);
}

static const struct err *
uid_thread_run(struct session *s, void *args)
{
	return do_thread(s, args, true);
}

const struct cmd cmd_thread = {
	.name = "THREAD",
	.states = ST_SELECTED,
	.flags = CF_NO_EXPUNGE | CF_NUMBERS,
	.parse = thread_parse,
	.run = thread_run,
	.rfc = "RFC 5256 3"
};

const struct cmd cmd_uid_thread = {
	.name = "UID THREAD",
	.states = ST_SELECTED,
	.parse = thread_parse,
	.run = uid_thread_run,
	.rfc = "RFC 5256 3"
};
