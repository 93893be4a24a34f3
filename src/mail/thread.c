/* thread.c - messages into threads
 * SPDX-License-Identifier: ISC
 *
 * Nodes 1 to n are the messages in the order of the mailbox, those behind them
 * dummies; 0 is no node, and as a parent it is the root. */
#include "mail/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"

/* Dummies for each message, and steps of all searches for loops together, before
 * links are left out: only mail made for the purpose comes near. */
#define DUMMIES_FACTOR	8
#define DUMMIES_MORE	10000
#define STEPS_FACTOR	256
#define STEPS_MORE	1000000
#define PIECE		16384		/* octets of the response */

struct node {
	uint32_t	parent, child, next;
	uint32_t	children;	/* linked to it, in step 1 */
	int64_t		date;		/* to sort by */
};

/*
 * 64-bit keys to nodes, with open addressing.  Where a key goes depends on a
 * random number: no mail can be made to crowd a place.
 */
struct table {
	uint64_t	*keys;
	uint32_t	*nodes;		/* 0: the slot is empty */
	uint64_t	 random;	/* odd */
	unsigned int	 shift;
	size_t		 mask;
};

struct tree {
	const struct thread_input *in;
	struct node	*nodes;
	size_t		 n, size;	/* nodes in use: 0 to n - 1 */
	uint64_t	 steps;
	struct table	ids;
};

static void *
array(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

static void *
grow(void *p, size_t *size, size_t octets)
{
	*size = *size > 0 ? *size * 2 : 64;
	p = reallocarray(p, *size, octets);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

/* Room for n keys. */
static void
table_init(struct table *table, size_t n)
{
	size_t slots = 16;

	table->shift = 60;
	for (; slots < n + n / 2; slots *= 2)
		table->shift--;
	table->mask = slots - 1;
	table->keys = array(slots, sizeof(*table->keys));
	table->nodes = array(slots, sizeof(*table->nodes));
	if (getentropy(&table->random, sizeof(table->random)) == -1)
		fatal("getentropy: %s", strerror(errno));
	table->random |= 1;
}

static void
table_clear(struct table *table)
{
	free(table->keys);
	free(table->nodes);
	*table = (struct table){ 0 };
}

/* The node of a key, which the caller sets when it is 0. */
static uint32_t *
table_node(struct table *table, uint64_t key)
{
	size_t i = (size_t)(key * table->random >> table->shift);

	while (table->nodes[i] != 0 && table->keys[i] != key)
		i = (i + 1) & table->mask;
	table->keys[i] = key;
	return &table->nodes[i];
}

void
thread_add(struct thread_input *in, const struct thread_msg *msg,
    const uint64_t *refs)
{
	if (in->n == in->size)
		in->msgs = grow(in->msgs, &in->size, sizeof(*in->msgs));
	while (in->refs_n + msg->refs_n > in->refs_size)
		in->refs = grow(in->refs, &in->refs_size, sizeof(*in->refs));
	in->msgs[in->n] = *msg;
	in->msgs[in->n++].refs = in->refs_n;
	if (msg->refs_n > 0)
		memcpy(in->refs + in->refs_n, refs,
		    msg->refs_n * sizeof(*refs));
	in->refs_n += msg->refs_n;
}

static int
msg_cmp(const void *pa, const void *pb)
{
	const struct thread_msg *a = pa, *b = pb;

	return (a->number > b->number) - (a->number < b->number);
}

void
thread_sort(struct thread_input *in)
{
	bool sorted = true;

	for (size_t i = 1; i < in->n && sorted; i++)
		sorted = in->msgs[i - 1].number < in->msgs[i].number;
	if (!sorted)
		qsort(in->msgs, in->n, sizeof(*in->msgs), msg_cmp);
}

void
thread_input_clear(struct thread_input *in)
{
	free(in->msgs);
	free(in->refs);
	*in = (struct thread_input){ 0 };
}

static bool
is_dummy(const struct tree *t, uint32_t node)
{
	return node > t->in->n;
}

/* 0 when there are enough of them. */
static uint32_t
new_dummy(struct tree *t)
{
	if (t->n - t->in->n > t->in->n * DUMMIES_FACTOR + DUMMIES_MORE)
		return 0;
	if (t->n == t->size)
		t->nodes = grow(t->nodes, &t->size, sizeof(*t->nodes));
	t->nodes[t->n] = (struct node){ 0 };
	return (uint32_t)t->n++;
}

/* --- Step 1 --- */

/* The node of a reference. */
static uint32_t
ref_node(struct tree *t, uint64_t id)
{
	uint32_t *node = table_node(&t->ids, id);

	if (*node == 0)
		*node = new_dummy(t);
	return *node;
}

/* The first message with an id has it. */
static void
index_ids(struct tree *t)
{
	const size_t dummies = t->in->n * DUMMIES_FACTOR + DUMMIES_MORE + 1;
	uint32_t *node;

	table_init(&t->ids, t->in->n + (t->in->refs_n < dummies ?
	    t->in->refs_n : dummies));
	for (size_t i = 0; i < t->in->n; i++) {
		if (t->in->msgs[i].id == 0)
			continue;
		node = table_node(&t->ids, t->in->msgs[i].id);
		if (*node == 0)
			*node = (uint32_t)i + 1;
	}
}

/* Whether a is below b, or b itself; also when finding out takes too long. */
static bool
is_below(struct tree *t, uint32_t a, uint32_t b)
{
	if (a == b)
		return true;
	if (t->nodes[b].children == 0)
		return false;
	for (; a != 0 && t->steps > 0; a = t->nodes[a].parent, t->steps--)
		if (a == b)
			return true;
	return a != 0;
}

static void
link_to(struct tree *t, uint32_t parent, uint32_t child)
{
	if (parent == 0 || child == 0 || is_below(t, parent, child))
		return;
	t->nodes[child].parent = parent;
	t->nodes[parent].children++;
}

static void
link_all(struct tree *t)
{
	for (uint32_t i = 1; i <= t->in->n; i++) {
		const struct thread_msg *m = &t->in->msgs[i - 1];
		const uint64_t *refs = m->refs_n > 0 ? t->in->refs + m->refs :
		    NULL;
		uint32_t last = 0, node;

		for (unsigned int r = 0; r < m->refs_n; r++) {
			node = ref_node(t, refs[r]);
			if (node != 0 && t->nodes[node].parent == 0)
				link_to(t, last, node);
			last = node;
		}
		if (t->nodes[i].parent != 0) {
			t->nodes[t->nodes[i].parent].children--;
			t->nodes[i].parent = 0;
		}
		link_to(t, last, i);
	}
	table_clear(&t->ids);
}

/* --- Steps 2 and 3 --- */

/*
 * The nearest message above each node, else the dummy at the top: what a node's
 * parent is once all dummies between are gone.  Those met on the way up get the
 * same, so that no way is gone twice.
 */
static uint32_t
find_above(struct tree *t, uint32_t node)
{
	uint32_t above = t->nodes[node].parent, next, found;

	while (is_dummy(t, above) && t->nodes[above].parent != 0)
		above = t->nodes[above].parent;
	found = above;
	above = t->nodes[node].parent;
	t->nodes[node].parent = found;
	while (is_dummy(t, above) && above != found) {
		next = t->nodes[above].parent;
		t->nodes[above].parent = found;
		above = next;
	}
	return found;
}

/* A dummy at the top stays when it has more than one child. */
static void
prune(struct tree *t)
{
	for (size_t i = t->in->n + 1; i < t->n; i++)
		t->nodes[i].children = 0;
	for (uint32_t i = 1; i <= t->in->n; i++)
		t->nodes[find_above(t, i)].children++;
	for (uint32_t i = 1; i <= t->in->n; i++)
		if (is_dummy(t, t->nodes[i].parent) &&
		    t->nodes[t->nodes[i].parent].children < 2)
			t->nodes[i].parent = 0;
	/* From here on a dummy counts when it has children. */
	for (size_t i = t->in->n + 1; i < t->n; i++) {
		t->nodes[i].parent = 0;
		if (t->nodes[i].children < 2)
			t->nodes[i].children = 0;
	}
}

/* --- Sorting --- */

struct place {
	uint32_t	parent, first;	/* first: breaks ties, a message */
	int64_t		date;
	uint32_t	node;
};

static int
place_cmp(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->date != b->date)
		return a->date < b->date ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

/* The child of a dummy that is first by date; itself for a message. */
static void
first_children(const struct tree *t, uint32_t *first)
{
	for (uint32_t i = 1; i <= t->in->n; i++) {
		const uint32_t parent = t->nodes[i].parent;

		first[i] = i;
		if (is_dummy(t, parent) && (first[parent] == 0 ||
		    t->nodes[i].date < t->nodes[first[parent]].date))
			first[parent] = i;
	}
}

/* Turn parents into lists of children, each in its order. */
static void
sort_siblings(struct tree *t, const uint32_t *first, const int64_t *top_dates)
{
	struct place *places = array(t->n, sizeof(*places));
	size_t n = 0;
	uint32_t node;

	for (node = 0; node < t->n; node++) {
		t->nodes[node].child = t->nodes[node].next = 0;
		if (node == 0 || first[node] == 0)
			continue;
		places[n] = (struct place){ .node = node, .first = first[node],
		    .parent = t->nodes[node].parent,
		    .date = t->nodes[first[node]].date };
		if (places[n].parent == 0 && top_dates != NULL)
			places[n].date = top_dates[node];
		n++;
	}
	qsort(places, n, sizeof(*places), place_cmp);
	while (n-- > 0) {
		node = places[n].node;
		t->nodes[node].next = t->nodes[places[n].parent].child;
		t->nodes[places[n].parent].child = node;
	}
	free(places);
}

/* --- Step 5 --- */

static bool
is_reply(const struct tree *t, uint32_t node)
{
	return t->in->msgs[node - 1].reply;
}

/* 5 B */
static void
fill_subjects(const struct tree *t, const uint32_t *first, struct table *subjects)
{
	uint64_t key;
	uint32_t *entry;

	for (uint32_t i = t->nodes[0].child; i != 0; i = t->nodes[i].next) {
		key = t->in->msgs[first[i] - 1].subject;
		if (key == 0)
			continue;
		entry = table_node(subjects, key);
		if (*entry == 0 || (!is_dummy(t, *entry) && (is_dummy(t, i) ||
		    (is_reply(t, *entry) && !is_reply(t, i)))))
			*entry = i;
	}
}

static void
move_children(struct tree *t, uint32_t from, uint32_t to)
{
	for (uint32_t i = t->nodes[from].child; i != 0; i = t->nodes[i].next)
		t->nodes[i].parent = to;
}

/* 5 C: node joins what its subject's entry is. */
static void
merge(struct tree *t, uint32_t node, uint32_t *entry)
{
	uint32_t dummy;

	if (is_dummy(t, node) && is_dummy(t, *entry))
		move_children(t, node, *entry);
	else if (is_dummy(t, *entry) || (!is_dummy(t, node) &&
	    is_reply(t, node) && !is_reply(t, *entry)))
		t->nodes[node].parent = *entry;
	else if ((dummy = new_dummy(t)) != 0) {
		t->nodes[node].parent = t->nodes[*entry].parent = dummy;
		*entry = dummy;
	}
}

/* Only parents change: the lists are made again by step 6. */
static void
merge_subjects(struct tree *t, const uint32_t *first)
{
	struct table subjects;
	uint32_t *entry, next;

	table_init(&subjects, t->in->n);
	fill_subjects(t, first, &subjects);
	for (uint32_t i = t->nodes[0].child; i != 0; i = next) {
		const uint64_t key = t->in->msgs[first[i] - 1].subject;

		next = t->nodes[i].next;
		/* What a new dummy took is no child of the root any more. */
		if (key == 0 || t->nodes[i].parent != 0)
			continue;
		entry = table_node(&subjects, key);
		if (*entry != i)
			merge(t, i, entry);
	}
	table_clear(&subjects);
}

/* --- The algorithms --- */

/* The most recent INTERNALDATE of each thread, at the node on its top. */
static int64_t *
newest(const struct tree *t)
{
	int64_t *dates = array(t->n, sizeof(*dates));
	uint32_t *top = array(t->n, sizeof(*top));

	for (uint32_t i = 1; i < t->n; i++)
		dates[i] = INT64_MIN;
	for (uint32_t i = 1; i <= t->in->n; i++) {
		uint32_t up = i, next, root;

		while (t->nodes[up].parent != 0 && top[up] == 0)
			up = t->nodes[up].parent;
		root = top[up] != 0 ? top[up] : up;
		for (up = i; up != root && top[up] == 0; up = next) {
			next = t->nodes[up].parent;
			top[up] = root;
		}
		if (t->in->msgs[i - 1].arrived > dates[root])
			dates[root] = t->in->msgs[i - 1].arrived;
	}
	free(top);
	return dates;
}

static void
by_references(struct tree *t, bool subjects)
{
	uint32_t *first;
	int64_t *dates = NULL;

	t->steps = t->in->n * STEPS_FACTOR + STEPS_MORE;
	index_ids(t);
	link_all(t);
	prune(t);
	first = array(t->n, sizeof(*first));
	first_children(t, first);
	if (subjects) {
		sort_siblings(t, first, NULL);		/* 4 */
		merge_subjects(t, first);
		free(first);
		first = array(t->n, sizeof(*first));
		first_children(t, first);
	} else
		dates = newest(t);
	sort_siblings(t, first, dates);			/* 6 */
	free(dates);
	free(first);
}

static int
subject_cmp(const void *pa, const void *pb, void *arg)
{
	const struct tree *t = arg;
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	const struct thread_msg *ma = &t->in->msgs[a - 1];
	const struct thread_msg *mb = &t->in->msgs[b - 1];

	if (ma->subject != mb->subject)
		return ma->subject < mb->subject ? -1 : 1;
	if (ma->sent != mb->sent)
		return ma->sent < mb->sent ? -1 : 1;
	return (a > b) - (a < b);
}

static void
by_subject(struct tree *t)
{
	const size_t n = t->in->n;
	uint32_t *nodes = array(n + 1, sizeof(*nodes)), head = 0;

	for (uint32_t i = 0; i < n; i++)
		nodes[i] = i + 1;
	qsort_r(nodes, n, sizeof(*nodes), subject_cmp, t);
	for (size_t i = 0; i < n; i++) {
		if (head == 0 || t->in->msgs[head - 1].subject !=
		    t->in->msgs[nodes[i] - 1].subject)
			head = nodes[i];
		else
			t->nodes[nodes[i]].parent = head;
	}
	for (uint32_t i = 0; i <= n; i++)
		nodes[i] = i;
	sort_siblings(t, nodes, NULL);
	free(nodes);
}

/* --- Writing --- */

/* Whether a node begins a list of its own: it has no neighbour else. */
static bool
is_nested(const struct tree *t, uint32_t node)
{
	const uint32_t parent = t->nodes[node].parent;

	return parent == 0 || t->nodes[t->nodes[parent].child].next != 0;
}

static void
write_node(const struct tree *t, uint32_t node, struct buf *b)
{
	const uint32_t parent = t->nodes[node].parent;

	/* A blank behind the parent's number, when there is one. */
	if (parent != 0 && !is_dummy(t, parent) &&
	    t->nodes[parent].child == node)
		buf_addc(b, ' ');
	if (is_nested(t, node))
		buf_addc(b, '(');
	if (!is_dummy(t, node))
		buf_addf(b, "%u", t->in->msgs[node - 1].number);
}

static void
write_tree(const struct tree *t, void (*fn)(void *, struct buf *), void *arg)
{
	struct buf b = { 0 };
	uint32_t node = t->nodes[0].child;

	while (node != 0) {
		write_node(t, node, &b);
		if (b.len > PIECE)
			fn(arg, &b);
		if (t->nodes[node].child != 0) {
			node = t->nodes[node].child;
			continue;
		}
		for (; node != 0; node = t->nodes[node].parent) {
			if (is_nested(t, node))
				buf_addc(&b, ')');
			if (t->nodes[node].next != 0) {
				node = t->nodes[node].next;
				break;
			}
		}
	}
	fn(arg, &b);
	buf_clear(&b);
}

void
thread_write(enum thread_alg alg, const struct thread_input *in,
    void (*fn)(void *, struct buf *), void *arg)
{
	struct tree t = { .in = in, .n = in->n + 1, .size = in->n + 1 };

	t.nodes = array(t.n, sizeof(*t.nodes));
	for (size_t i = 0; i < in->n; i++)
		t.nodes[i + 1].date = in->msgs[i].sent;
	if (alg == THREAD_ORDEREDSUBJECT)
		by_subject(&t);
	else
		by_references(&t, alg == THREAD_REFERENCES);
	write_tree(&t, fn, arg);
	free(t.nodes);
}
