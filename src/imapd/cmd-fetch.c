/* cmd-fetch.c - FETCH and UID FETCH: RFC 3501 6.4.5, 7.4.2, RFC 7162 3.1.4
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/limit.h"
#include "imapd/resync.h"
#include "imapd/selected.h"
#include "mail/downgrade.h"
#include "util/log.h"

#define ROOM_OCTETS	(OUTPUT_BUFFER - 1024)	/* before output may block */
#define FILE_OCTETS	16384	/* of a file; more may go out at once */
#define ITEM_OCTETS	256	/* of an item beside blobs, sections, flags */
#define FLAGS_OCTETS	((FLAG_KEYWORD_MAX_OCTETS + 1) * (FLAG_KEYWORDS_MAX + 6))

struct fetch {
	struct session	*s;
	struct selected	*sel;
	const struct fetch_args *args;
	bool		 with_uid;	/* told though not asked for */
	bool		 down;		/* from the highest UID down */
	uint64_t	 seen_modseq;	/* of the \Seen that this command set */
	const char *const *keywords;
	size_t		 keywords_n;
	struct scan	*scan;
	struct msgfile	 file;
	struct section_out *sections;	/* items_n of them */
	struct buf	 surrogate;	/* an envelope in US-ASCII */
	struct seqset_builder downgraded; /* UIDs that it was made for */
	struct buf	 held;		/* columns that outlive the statement */
	size_t		 room;		/* octets of labels and the like */
	size_t		 hint;
	uint32_t	 last;		/* the highest UID that is asked for */
	uint32_t	 fill_from;	/* below it rows were filled */
	uint64_t	 told, gone, damaged, undecoded;
	uint64_t	 unavailable;	/* of the damaged ones: they may be well */
};

static void
hold(struct buf *b, const struct blob *blob)
{
	if (blob->s != NULL)
		buf_add(b, blob->s, blob->len);
}

static void
held(const struct buf *b, size_t *pos, struct blob *blob)
{
	if (blob->s == NULL)
		return;
	blob->s = b->s + *pos;
	*pos += blob->len;
}

static void
hold_id(struct buf *b, const unsigned char *id)
{
	if (id != NULL)
		buf_add(b, id, OBJECTID_OCTETS);
}

static void
held_id(const struct buf *b, size_t *pos, const unsigned char **id)
{
	if (*id == NULL)
		return;
	*id = (const unsigned char *)b->s + *pos;
	*pos += OBJECTID_OCTETS;
}

/* Copies the columns and lets go of the database: now output may block. */
static const struct err *
let_go(struct fetch *f, struct message *m)
{
	size_t pos = 0;

	buf_reset(&f->held);
	hold(&f->held, &m->envelope);
	hold(&f->held, &m->body);
	hold(&f->held, &m->structure);
	hold(&f->held, &m->headers);
	hold(&f->held, &m->preview);
	hold_id(&f->held, m->emailid);
	hold_id(&f->held, m->threadid);
	held(&f->held, &pos, &m->envelope);
	held(&f->held, &pos, &m->body);
	held(&f->held, &pos, &m->structure);
	held(&f->held, &pos, &m->headers);
	held(&f->held, &pos, &m->preview);
	held_id(&f->held, &pos, &m->emailid);
	held_id(&f->held, &pos, &m->threadid);
	m->parts = (struct blob){ NULL, 0 };	/* every section was found */
	scan_pause(f->scan);
	return output_flush(f->s->out);
}

/* Whether an older version stored the row, without what is asked for now. */
static bool
lacks_new(const struct fetch *f, const struct message *m)
{
	return ((f->args->want & SCAN_IDS) != 0 &&
	    (m->emailid == NULL || m->threadid == NULL)) ||
	    (m->preview.s == NULL && f->args->preview_now);
}

/*
 * Such rows are filled for good, a batch at a time from this one on.  Where
 * that fails the answer comes from the file all the same.
 */
static const struct err *
fill(struct fetch *f, struct message *m)
{
	const struct err *err;

	if (m->expunged || m->uid < f->fill_from || !lacks_new(f, m))
		return NULL;
	if ((err = let_go(f, m)) != NULL)
		return err;
	err = mailbox_fill(f->sel->mbox, m->uid, f->last, &f->fill_from);
	if (err != NULL)
		log_error("user %s, mailbox %s: previews: %s", f->s->user,
		    mailbox_id(f->sel->mbox), err->text);
	if (err != NULL || f->fill_from == 0)
		f->fill_from = UINT32_MAX;
	return NULL;
}

/* Columns that the row lacks are made from the file. */
static const struct err *
complete(struct fetch *f, struct message *m)
{
	const unsigned int want = f->args->want;
	const struct content *content;
	const struct err *err;

	if (((want & SCAN_ENVELOPE) == 0 || m->envelope.len > 0) &&
	    ((want & SCAN_BODY) == 0 || m->body.len > 0) &&
	    ((want & SCAN_STRUCTURE) == 0 || m->structure.len > 0) &&
	    !lacks_new(f, m))
		return NULL;
	if ((err = msgfile_content(&f->file, &content)) != NULL)
		return err;
	m->envelope = (struct blob){ content->envelope.s,
	    content->envelope.len };
	m->body = (struct blob){ content->body.s, content->body.len };
	m->structure = (struct blob){ content->structure.s,
	    content->structure.len };
	m->preview = (struct blob){ content->preview.s != NULL ?
	    content->preview.s : "", content->preview.len };
	m->emailid = content->emailid;
	m->threadid = content->threadid;
	return NULL;
}

/*
 * DEVIATION RFC 9755 9: who did not enable UTF-8 is not given it in an envelope, but
 * in header sections and body structures as before.  RFC 6858 3: the client is
 * told of which messages its envelopes are not as they were sent.
 */
static void
downgrade(struct fetch *f, struct message *m)
{
	if (m->envelope.s == NULL || output_utf8(f->s->out))
		return;
	buf_reset(&f->surrogate);
	if (!envelope_downgrade(m->envelope.s, m->envelope.len, &f->surrogate))
		return;
	m->envelope = (struct blob){ f->surrogate.s, f->surrogate.len };
	if (!f->down)
		seqset_add(&f->downgraded, m->uid);
}

/*
 * Everything that can fail comes before the first octet of the response.
 * Stores how many octets the response takes.
 */
static const struct err *
prepare(struct fetch *f, struct message *m, uint64_t *room_r)
{
	const struct fetch_item *item = f->args->items;
	const struct err *err;
	uint64_t room = f->room;

	msgfile_start(&f->file, m);
	if ((err = complete(f, m)) != NULL)
		return err;
	downgrade(f, m);
	for (size_t i = 0; item != NULL; item = item->next, i++) {
		if (item->kind == FETCH_SECTION)
			err = section_find(item, m, &f->file, &f->sections[i]);
		else if (item->kind == FETCH_BINARY ||
		    item->kind == FETCH_BINARY_SIZE)
			err = binary_find(item, m, &f->file, &f->sections[i]);
		else
			continue;
		if (err == NULL)
			err = session_worked(f->s, m->size);
		if (err != NULL)
			return err;
		if (item->kind == FETCH_BINARY_SIZE)
			continue;
		room += f->sections[i].len;
		if (f->sections[i].len > FILE_OCTETS)
			room += OUTPUT_BUFFER;
	}
	*room_r = room + m->envelope.len + m->body.len + m->structure.len +
	    m->preview.len * 2;
	return NULL;
}

static void
send_flags(struct fetch *f, const struct message *m)
{
	output_add(f->s->out, "FLAGS ", 6);
	reply_flags(f->s->out, m->flags, selected_is_recent(f->sel, m->uid),
	    f->keywords, f->keywords_n);
}

static void
send_blob(struct output *out, const struct fetch_item *item,
    const struct blob *blob)
{
	output_add(out, item->label, item->label_len);
	output_add(out, " ", 1);
	output_add(out, blob->s, blob->len);
}

static void
send_id(struct output *out, const char *name, enum objectid_kind kind,
    const unsigned char *id)
{
	char text[OBJECTID_LEN + 1];

	objectid_format(kind, id, text);
	output_adds(out, name);
	output_add(out, text, OBJECTID_LEN);
	output_add(out, ")", 1);
}

/* RFC 8514 4.2 */
static void
send_savedate(struct output *out, const struct message *m)
{
	const struct datetime date = { .when = m->savedate };

	output_add(out, "SAVEDATE ", 9);
	reply_datetime(out, &date);
}

/* Whether this command made the message seen. */
static bool
made_seen(const struct fetch *f, const struct message *m)
{
	return f->seen_modseq != 0 && m->modseq == f->seen_modseq;
}

/* The UID first, where the client did not ask for it: in a UID command (RFC 3501
 * 6.4.8), and with a change once CONDSTORE is on (RFC 7162 3.2.4). */
static void
send_uid(struct fetch *f, const struct message *m)
{
	if (!f->with_uid && (!made_seen(f, m) || !condstore_on(f->s) ||
	    (f->args->kinds & 1u << FETCH_UID) != 0 ||
	    session_enabled(f->s, ENABLED_UIDONLY)))
		return;
	output_add(f->s->out, "UID ", 4);
	reply_number(f->s->out, m->uid);
	output_add(f->s->out, " ", 1);
}

/*
 * RFC 3501 6.4.5: a \Seen that was set by this is told with it; RFC 7162 3.2.4:
 * then the mod-sequence too.
 */
static void
send_seen(struct fetch *f, const struct message *m)
{
	const unsigned int kinds = f->args->kinds;
	struct output *out = f->s->out;

	if (!made_seen(f, m))
		return;
	if (condstore_on(f->s) && (kinds & 1u << FETCH_MODSEQ) == 0) {
		output_add(out, " ", 1);
		condstore_send(f->s, m->modseq);
	}
	if ((kinds & 1u << FETCH_FLAGS) == 0) {
		output_add(out, " ", 1);
		send_flags(f, m);
	}
}

static const struct err *
send_item(struct fetch *f, const struct fetch_item *item,
    const struct section_out *section, const struct message *m)
{
	struct output *out = f->s->out;

	switch (item->kind) {
	case FETCH_UID:
		output_add(out, "UID ", 4);
		reply_number(out, m->uid);
		break;
	case FETCH_FLAGS:
		send_flags(f, m);
		break;
	case FETCH_MODSEQ:
		condstore_send(f->s, m->modseq);
		break;
	case FETCH_INTERNALDATE:
		output_add(out, "INTERNALDATE ", 13);
		reply_datetime(out, &m->date);
		break;
	case FETCH_SAVEDATE:
		send_savedate(out, m);
		break;
	case FETCH_SIZE:
		output_add(out, "RFC822.SIZE ", 12);
		reply_number(out, m->size);
		break;
	case FETCH_ENVELOPE:
		send_blob(out, item, &m->envelope);
		break;
	case FETCH_BODY:
		send_blob(out, item, &m->body);
		break;
	case FETCH_STRUCTURE:
		send_blob(out, item, &m->structure);
		break;
	case FETCH_EMAILID:
		send_id(out, "EMAILID (", OBJECTID_EMAIL, m->emailid);
		break;
	case FETCH_THREADID:
		send_id(out, "THREADID (", OBJECTID_THREAD, m->threadid);
		break;
	case FETCH_PREVIEW:
		/* RFC 8970 4.1: NIL is for LAZY alone. */
		output_add(out, "PREVIEW ", 8);
		reply_nstring(out, m->preview.s, m->preview.len);
		break;
	case FETCH_SECTION:
		output_add(out, item->label, item->label_len);
		output_add(out, " ", 1);
		return section_send(item, section, m, &f->file, out);
	case FETCH_BINARY:
		output_add(out, item->label, item->label_len);
		output_add(out, " ", 1);
		return binary_send(section, m, &f->file, out);
	case FETCH_BINARY_SIZE:
		output_add(out, item->label, item->label_len);
		output_add(out, " ", 1);
		reply_number(out, section->len);
		break;
	}
	return NULL;
}

static const struct err *
send_message(struct fetch *f, const struct message *m, uint32_t seq)
{
	const struct fetch_item *item = f->args->items;
	struct output *out = f->s->out;
	const struct err *err;

	fetch_head(f->s, seq, m->uid);
	send_uid(f, m);
	for (size_t i = 0; item != NULL; item = item->next, i++) {
		if (i > 0)
			output_add(out, " ", 1);
		err = send_item(f, item, &f->sections[i], m);
		if (err != NULL)
			return err;
	}
	send_seen(f, m);
	output_add(out, ")\r\n", 3);
	return NULL;
}

/* A message that cannot be given is left out; the others are not. */
static const struct err *
left_out(struct fetch *f, const struct message *m, const struct err *err)
{
	if (err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, RESP_UNKNOWN_CTE) == 0) {
		f->undecoded++;
		return NULL;
	}
	if (err->kind == ERR_USER) {
		f->gone++;
		return NULL;
	}
	if (err->kind != ERR_INTERNAL)
		return err;
	f->unavailable += err_unavailable(err);
	if (f->damaged++ == 0)
		log_error("user %s, mailbox %s, message %u: %s", f->s->user,
		    mailbox_id(f->sel->mbox), m->uid, err->text);
	return NULL;
}

static const struct err *
fetch_message(struct fetch *f, struct message *m)
{
	const uint32_t seq = selected_seq(f->sel, m->uid, &f->hint);
	const struct err *err;
	uint64_t room;

	if (seq == 0)
		return NULL;
	f->told++;
	if ((err = fill(f, m)) != NULL)
		return err;
	if ((err = prepare(f, m, &room)) != NULL)
		return left_out(f, m, err);
	if (output_pending(f->s->out) + room > ROOM_OCTETS &&
	    (err = let_go(f, m)) != NULL)
		return err;
	return send_message(f, m, seq);
}

static const struct err *
fetch_scan(struct fetch *f, const struct seqset *uids)
{
	struct selected *sel = f->sel;
	unsigned int want = f->args->want | (f->down ? SCAN_DOWN : 0);
	struct message m;
	const struct err *err;
	bool more;

	/* RFC 2180 4.1.1: what others expunged is there until the client has
	 * been told. */
	if (sel->expunge_waits || selected_stale(sel))
		want |= SCAN_EXPUNGED;
	err = scan_open(sel->mbox, uids, want, sel->told_expunge, &f->scan);
	if (err != NULL)
		return err;
	while ((err = scan_next(f->scan, &m, &more)) == NULL && more)
		if ((err = fetch_message(f, &m)) != NULL)
			break;
	scan_close(f->scan);
	f->scan = NULL;
	return err;
}

/* Whether \Seen is missing somewhere: reading costs less than taking the lock
 * to find that nothing changes. */
static const struct err *
any_unseen(struct fetch *f, const struct seqset *uids, bool *any_r)
{
	struct scan *scan = NULL;
	struct message m;
	const struct err *err;
	bool more;

	*any_r = false;
	err = scan_open(f->sel->mbox, uids, 0, 0, &scan);
	while (err == NULL && !*any_r &&
	    (err = scan_next(scan, &m, &more)) == NULL && more)
		*any_r = (m.flags & FLAG_SEEN) == 0;
	scan_close(scan);
	return err;
}

/* RFC 3501 6.4.5: a body that is not peeked at is seen. */
static const struct err *
set_seen(struct fetch *f, const struct seqset *uids)
{
	struct selected *sel = f->sel;
	const struct err *err;
	bool any;

	if (!f->args->sets_seen ||
	    (selected_may_change(sel) & FLAG_SEEN) == 0)
		return NULL;
	if ((err = any_unseen(f, uids, &any)) != NULL || !any)
		return err;
	return mailbox_store(sel->mbox, uids, STORE_ADD, FLAG_SEEN, FLAG_SEEN,
	    &f->seen_modseq);
}

static void
tell_downgraded(struct fetch *f)
{
	const struct seqset set = seqset_built(&f->downgraded);
	struct buf b = { 0 };

	/* What NOTIFY sends unasked is another command's. */
	if (set.n == 0 || (f->s->cmd != &cmd_fetch &&
	    f->s->cmd != &cmd_uid_fetch))
		return;
	seqset_format(&set, &b);
	session_ok(f->s, "[DOWNGRADED %s] Some addresses or subjects are not "
	    "as they were sent", buf_str(&b));
	buf_clear(&b);
}

static const struct err *
fetch_result(struct fetch *f, const struct seqset *uids, bool is_uid)
{
	const uint64_t wanted = seqset_count(uids);
	const bool passes = f->damaged == f->unavailable;

	if (f->damaged > 0)
		return err_internal_code(passes ? RESP_UNAVAILABLE :
		    RESP_CORRUPTION, passes ? "Some of the messages cannot be "
		    "read now, try again later" :
		    "Some of the messages are damaged",
		    "%llu of %llu messages could not be %s",
		    (unsigned long long)f->damaged,
		    (unsigned long long)wanted, passes ? "read" : "fetched");
	if (f->undecoded > 0)
		return err_user(RESP_UNKNOWN_CTE, "Some of the parts are "
		    "encoded in a way that is not known here");
	if (f->gone == 0 && f->told == wanted) {
		tell_downgraded(f);
		return NULL;
	}
	/* RFC 2180 4.1.2; a UID that is gone is no error (RFC 3501 6.4.8). */
	if (!is_uid)
		return err_user(RESP_EXPUNGEISSUED,
		    "Some of the messages no longer exist");
	session_ok(f->s, "[EXPUNGEISSUED] Some of the messages no longer "
	    "exist");
	return NULL;
}

/* Octets that a response takes beside columns and sections. */
static size_t
fixed_room(const struct fetch_args *args, size_t keywords)
{
	size_t room = ITEM_OCTETS;

	for (const struct fetch_item *item = args->items; item != NULL;
	    item = item->next)
		room += ITEM_OCTETS + item->label_len;
	return keywords > 0 ? room + FLAGS_OCTETS : room;
}

/* RFC 9738 3.1: a range over the limit is refused. */
static const struct err *
limit_partial(struct session *s, const struct fetch_args *args)
{
	const struct partial *p = &args->partial;
	const uint32_t max = limit_messages(s);
	const uint32_t more = p->a > p->b ? p->a - p->b : p->b - p->a;

	if (max == 0 || more < max)
		return NULL;
	return err_user(arena_printf(s->arena, "MESSAGELIMIT %u", max),
	    "FETCH exceeds the maximum %u-message limit", max);
}

/* Data items that go with a capability. */
static const struct err *
check_items(const struct session *s, const struct fetch_args *args)
{
	static const struct {
		unsigned int	 kinds;
		const char	*word;
	} items[] = {
		{ 1u << FETCH_SAVEDATE, "SAVEDATE" },
		{ 1u << FETCH_PREVIEW, "PREVIEW" },
		{ 1u << FETCH_EMAILID | 1u << FETCH_THREADID, "OBJECTID" }
	};

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		if ((args->kinds & items[i].kinds) != 0 &&
		    capability_off(s, items[i].word))
			return err_syntax("%s is turned off", items[i].word);
	/* RFC 9051 B: part of IMAP4rev2 too. */
	if ((args->kinds & (1u << FETCH_BINARY | 1u << FETCH_BINARY_SIZE)) != 0 &&
	    capability_off(s, "BINARY") &&
	    !session_enabled(s, ENABLED_IMAP4REV2))
		return err_syntax("BINARY is turned off");
	return NULL;
}

/* What of the modifiers the grammar leaves open. */
static const struct err *
check_modifiers(struct session *s, const struct fetch_args *args, bool is_uid)
{
	const struct err *err;

	if ((err = check_items(s, args)) != NULL)
		return err;
	if (args->has_partial && capability_off(s, "PARTIAL"))
		return err_syntax("PARTIAL is turned off");
	if (args->has_partial && (err = limit_partial(s, args)) != NULL)
		return err;
	if (!is_uid && (args->vanished || args->has_partial))
		return err_syntax("VANISHED and PARTIAL are for UID FETCH");
	/* RFC 7162 3.2.6 */
	if (args->vanished && !session_enabled(s, ENABLED_QRESYNC))
		return err_syntax("VANISHED needs ENABLE QRESYNC first");
	return args->kinds & 1u << FETCH_MODSEQ ? condstore_need(s) : NULL;
}

/*
 * RFC 7162 3.2.6: what was expunged since then, before any FETCH response.
 * What the client can still see is told of first, the other way.
 */
static const struct err *
tell_vanished(struct session *s, const struct fetch_args *args)
{
	const struct err *err;
	struct seqset set;

	if ((err = selected_sync(s, true)) != NULL)
		return err;
	/* What "$" stands for is there (RFC 9051 6.4.4.1); "*" is the last UID
	 * that there ever was, whose message may be gone. */
	set = seqset_without_saved(s->arena, &args->set);
	set = seqset_resolve(s->arena, &set,
	    s->selected->told_uidnext > 1 ? s->selected->told_uidnext - 1 : 1);
	return resync_vanished(s, &set, args->since, NULL, NULL);
}

/* The messages that are asked for, as the modifiers narrow them down: RFC 9394
 * 3.4, first by place, then by mod-sequence. */
static const struct err *
fetch_uids(struct session *s, const struct fetch_args *args, bool is_uid,
    struct seqset *uids_r)
{
	const struct err *err;
	struct seqset uids;
	uint64_t first, n;

	if ((err = check_modifiers(s, args, is_uid)) != NULL ||
	    (args->vanished && (err = tell_vanished(s, args)) != NULL) ||
	    (err = selected_uids(s, &args->set, is_uid, &uids)) != NULL)
		return err;
	if (args->has_partial) {
		partial_slice(&args->partial, seqset_count(&uids), &first, &n);
		uids = seqset_slice(s->arena, &uids, first, n);
	}
	if (args->has_since && (err = resync_changed(s, &uids, args->since,
	    &uids)) != NULL)
		return err;
	*uids_r = uids;
	return NULL;
}

/* told: not by the client's FETCH, but as what it asked to be told of. */
static const struct err *
do_fetch(struct session *s, struct fetch_args *args, bool is_uid, bool told)
{
	struct fetch f = { .s = s, .sel = s->selected, .args = args };
	const struct err *err;
	struct seqset uids;

	if ((err = fetch_uids(s, args, is_uid, &uids)) != NULL || uids.n == 0)
		return err;
	/* RFC 9738 3.1 is about commands: what is told anyhow is told whole. */
	f.down = !told && limit_uids(s, &uids);
	f.with_uid = is_uid && (args->kinds & 1u << FETCH_UID) == 0 &&
	    !session_enabled(s, ENABLED_UIDONLY);
	f.sections = arena_array(s->arena, args->items_n,
	    sizeof(*f.sections));
	msgfile_init(&f.file, f.sel->mbox);
	err = set_seen(&f, &uids);
	if (err == NULL)
		err = selected_tell_keywords(s);
	if (err == NULL)
		err = mailbox_keywords(f.sel->mbox, &f.keywords,
		    &f.keywords_n);
	f.last = uids.ranges[uids.n - 1].last;
	if (err == NULL) {
		f.room = fixed_room(args, f.keywords_n);
		err = fetch_scan(&f, &uids);
	}
	if (err == NULL) {
		if (args->has_body)
			s->messages_out += f.told - f.gone - f.damaged -
			    f.undecoded;
		/* What is left out did not tell its \Seen: the next look does. */
		if (f.damaged + f.undecoded == 0)
			f.sel->own_modseq = f.seen_modseq;
		err = fetch_result(&f, &uids, is_uid);
	}
	msgfile_clear(&f.file);
	buf_clear(&f.held);
	buf_clear(&f.surrogate);
	seqset_builder_clear(&f.downgraded);
	return err;
}

const struct err *
fetch_tell(struct session *s, struct fetch_args *args, uint32_t first,
    uint32_t last)
{
	struct seqrange range = { first, last };

	args->set = (struct seqset){ .ranges = &range, .n = 1 };
	return do_fetch(s, args, true, true);
}

static const struct err *
fetch_run(struct session *s, void *args)
{
	return do_fetch(s, args, false, false);
}

static const struct err *
uid_fetch_run(struct session *s, void *args)
{
	return do_fetch(s, args, true, false);
}

const struct cmd cmd_fetch = {
	.name = "FETCH",
	.states = ST_SELECTED,
	.flags = CF_NO_EXPUNGE | CF_NUMBERS,
	.parse = fetch_parse,
	.run = fetch_run,
	.rfc = "RFC 3501 6.4.5"
};

/* RFC 3501 7.4.1: EXPUNGE may be told at the end of the UID form. */
const struct cmd cmd_uid_fetch = {
	.name = "UID FETCH",
	.states = ST_SELECTED,
	.parse = fetch_parse,
	.run = uid_fetch_run,
	.rfc = "RFC 3501 6.4.8"
};
